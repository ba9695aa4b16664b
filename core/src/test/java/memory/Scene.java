// What the test sees of the scenes, which are loaded by another class loader.
package memory;

import dev.perthread.testkit.ThreadKind;
import java.util.stream.Stream;

/** A short use of the library, in which memory runs out once. */
public interface Scene {

    /** Who runs out of memory. */
    enum Who {
        /** The thread that the scene is about. */
        ACTOR,
        /** The other one, where there is one. */
        OTHER,
        /** Whoever comes first, the library's own threads included. */
        ANYBODY
    }

    /** Who does anything in it. */
    Stream<Who> cast();

    /**
     * Plays the scene; fails if anything is lost.
     *
     * @param kind of its threads
     * @param who runs out of memory
     * @param nth at which allocation, from 1
     * @param lasts whether all after it fail too, until the scene's present step has ended
     * @return whether there was such an allocation
     * @throws Exception none that is expected
     */
    boolean play(ThreadKind kind, Who who, int nth, boolean lasts) throws Exception;
}
