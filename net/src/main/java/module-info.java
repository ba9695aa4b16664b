/** A connection of its own for every thread behind one shared object. */
module dev.perthread.net {
    requires transitive dev.perthread;
    requires static org.jspecify; // not transitive: a module that requires this one must compile without it

    exports dev.perthread.net;
}
