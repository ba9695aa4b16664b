package dev.perthread.ref;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.time.Duration;
import java.util.List;
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
    TRACE("trace", Boolean.class, PerThread.Builder::trace),
    CHECK_AFTER_IDLE("checkAfterIdle", Duration.class, PerThread.Builder::checkAfterIdle),
    CHECK_IDLE_EVERY("checkIdleEvery", Duration.class, PerThread.Builder::checkIdleEvery),
    REUSE("reuse", ReusePolicy.class, PerThread.Builder::reuse),
    MAX_USES("maxUses", Long.class, PerThread.Builder::maxUses),
    MAX_WAITING("maxWaiting", Integer.class, PerThread.Builder::maxWaiting),
    MIN_IDLE("minIdle", Integer.class, PerThread.Builder::minIdle),
    MAX_IDLE("maxIdle", Integer.class, PerThread.Builder::maxIdle),
    OPEN_TIMEOUT("openTimeout", Duration.class, PerThread.Builder::openTimeout),
    CLOSER_TIMEOUT("closerTimeout", Duration.class, PerThread.Builder::closerTimeout),
    WARN_WHEN_HELD_FOR("warnWhenHeldFor", Duration.class, PerThread.Builder::warnWhenHeldFor),
    TIME_LEASES("timeLeases", Boolean.class, PerThread.Builder::timeLeases),
    RESET("reset", SerializableReset.class, (builder, reset) -> builder.reset(reset)),
    OPEN_BACKOFF(
            "openBackoff", List.class, (builder, delays) -> builder.openBackoff(delay(delays, 0), delay(delays, 1)));

    private final String label;
    private final BiConsumer<PerThread.Builder<Object, Exception>, Object> setter;

    <V> PoolOption(String label, Class<V> type, BiConsumer<PerThread.Builder<Object, Exception>, V> setter) {
        this.label = label;
        this.setter = (builder, value) -> setter.accept(builder, type.cast(value));
    }

    private static Duration delay(List<?> delays, int index) {
        if (delays.size() != 2) {
            throw new IllegalArgumentException("openBackoff must have two durations, but has " + delays.size());
        }
        return (Duration) delays.get(index);
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
