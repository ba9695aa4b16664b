/** A resource of its own for every thread behind one shared object. */
module dev.perthread {
    requires static jdk.jfr; // without it nothing is recorded
    requires static java.management; // without it nothing can be shown to JMX
    requires static org.jspecify; // not transitive: a module that requires this one must compile without it

    exports dev.perthread;
}
