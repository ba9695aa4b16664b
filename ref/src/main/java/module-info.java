/** Serializable references to pools. */
module dev.perthread.ref {
    requires transitive dev.perthread;
    requires transitive dev.perthread.net;
    requires static org.jspecify; // not transitive: a module that requires this one must compile without it

    exports dev.perthread.ref;
}
