/** References to holders that can be serialized. */
module dev.perthread.ref {
    requires transitive dev.perthread;
    requires transitive dev.perthread.net;
    requires static transitive org.jspecify;

    exports dev.perthread.ref;
}
