/** A resource of its own for every thread behind one shared object. */
module dev.perthread {
    requires static transitive org.jspecify;

    exports dev.perthread;
}
