/** Micrometer meters of pools. */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"}) // Micrometer has names, but no descriptors
module dev.perthread.micrometer {
    requires transitive dev.perthread;
    requires transitive micrometer.core;
    requires static org.jspecify; // not transitive: a module that requires this one must compile without it

    exports dev.perthread.micrometer;
}
