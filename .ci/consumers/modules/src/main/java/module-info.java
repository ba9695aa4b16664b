/** An application. */
module consumer {
    requires dev.perthread.net;
}
