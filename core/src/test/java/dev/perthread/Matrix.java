// Every combination of the policies, for the invariants.
package dev.perthread;

import dev.perthread.testkit.ThreadKind;
import java.time.Duration;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One combination. Method sources: {@code dev.perthread.Matrix#all}. */
record Matrix(IdlePolicy whenIdle, ReentryPolicy reentry, int limit, ThreadKind kind) {
    static final String ALL = "dev.perthread.Matrix#all";
    static final String KINDS = "dev.perthread.testkit.ThreadKind#available";
    static final int NONE = Integer.MAX_VALUE;

    static Stream<Matrix> all() {
        return Stream.of(IdlePolicy.values())
                .flatMap(idle -> Stream.of(ReentryPolicy.values())
                        .flatMap(reentry -> IntStream.of(NONE, 1, 3)
                                .boxed()
                                .flatMap(limit ->
                                        ThreadKind.available().map(kind -> new Matrix(idle, reentry, limit, kind)))));
    }

    /** Those in which a resource outlives its scope. */
    static Stream<Matrix> keeping() {
        return all().filter(matrix -> matrix.whenIdle != IdlePolicy.CLOSE);
    }

    <T extends AutoCloseable, X extends Exception> PerThread.Builder<T, X> builder(
            Opener<? extends T, ? extends X> opener) {
        return builder(opener, AutoCloseable::close);
    }

    <T, X extends Exception> PerThread.Builder<T, X> builder(
            Opener<? extends T, ? extends X> opener, Closer<? super T> closer) {
        PerThread.Builder<T, X> builder = PerThread.<T, X>builder(opener, closer)
                .name("matrix")
                .whenIdle(whenIdle)
                .reusing()
                .reentry(reentry)
                .acquireTimeout(Duration.ofSeconds(20));
        return limit == NONE ? builder : builder.limit(limit);
    }

    /** A thread may hold this many leases at once without waiting for itself. */
    int depth() {
        return switch (reentry) {
            case REJECT -> 1;
            case SHARE -> 3;
            case OPEN_NEW -> Math.min(limit, 3);
        };
    }

    @Override
    public String toString() {
        return whenIdle + " " + reentry + " limit " + (limit == NONE ? "none" : limit) + " " + kind;
    }
}
