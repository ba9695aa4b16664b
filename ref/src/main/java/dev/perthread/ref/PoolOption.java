package dev.perthread.ref;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import java.time.Duration;
import java.util.function.BiConsumer;

/** The options of {@link PerThread.Builder} that travel: the type of each, and the method that it is given to. */
@SuppressWarnings({"unchecked", "ImmutableEnumChecker"
}) // functions have the types they were built with; setters are constants
enum PoolOption {
    CLOSER("closer", SerializableCloser.class, (builder, closer) -> builder.closer(closer)),
    CHECK("check", SerializableCheck.class, (builder, check) -> builder.check(check)),
    REENTRY("reentry", ReentryPolicy.class, PerThread.Builder::reentry),
    WHEN_IDLE("whenIdle", IdlePolicy.class, PerThread.Builder::whenIdle),
    IDLE_TIMEOUT("idleTimeout", Duration.class, PerThread.Builder::idleTimeout),
    MAX_AGE("maxAge", Duration.class, PerThread.Builder::maxAge),
    ACQUIRE_TIMEOUT("acquireTimeout", Duration.class, PerThread.Builder::acquireTimeout),
    CLOSE_TIMEOUT("closeTimeout", Duration.class, PerThread.Builder::closeTimeout),
    LIMIT("limit", Integer.class, PerThread.Builder::limit),
    TRACE("trace", Boolean.class, PerThread.Builder::trace);

    private final String label;
    private final BiConsumer<PerThread.Builder<Object, Exception>, Object> setter;

    <V> PoolOption(String label, Class<V> type, BiConsumer<PerThread.Builder<Object, Exception>, V> setter) {
        this.label = label;
        this.setter = (builder, value) -> setter.accept(builder, type.cast(value));
    }

    /** Gives a value to the builder, which refuses bad ones; one that is of another type is a {@link ClassCastException}. */
    void apply(PerThread.Builder<?, ?> builder, Object value) {
        setter.accept((PerThread.Builder<Object, Exception>) builder, value);
    }

    @Override
    public String toString() {
        return label;
    }
}
