/** A connection of its own for every thread behind one shared object. */
module dev.perthread.net {
    requires transitive dev.perthread;
    requires static transitive org.jspecify;

    exports dev.perthread.net;
}
