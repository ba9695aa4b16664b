package dev.perthread.ref;

import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import dev.perthread.PoolBuilder;
import dev.perthread.ReentryPolicy;
import dev.perthread.ReusePolicy;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;

/** The options of {@link PoolBuilder} that travel: the type of each, and the method that it is given to. */
@SuppressWarnings({"unchecked", "ImmutableEnumChecker"
}) // functions have the types they were built with; setters are constants
enum PoolOption {
    CLOSER("closer", SerializableCloser.class, (builder, closer) -> builder.closer(closer)),
    CHECK("check", SerializableCheck.class, (builder, check) -> builder.check(check)),
    REENTRY("reentry", ReentryPolicy.class, PoolBuilder::reentry),
    WHEN_IDLE("whenIdle", IdlePolicy.class, PoolBuilder::whenIdle),
    IDLE_TIMEOUT("idleTimeout", Duration.class, PoolBuilder::idleTimeout),
    MAX_AGE("maxAge", Duration.class, PoolBuilder::maxAge),
    ACQUIRE_TIMEOUT("acquireTimeout", Duration.class, PoolBuilder::acquireTimeout),
    CLOSE_TIMEOUT("closeTimeout", Duration.class, PoolBuilder::closeTimeout),
    LIMIT("limit", Integer.class, PoolBuilder::limit),
    LIMIT_PER_KEY(
            "limitPerKey",
            Integer.class,
            (builder, limit) -> ((KeyedPerThread.Builder<?, ?, ?>) builder).limitPerKey(limit)),
    TRACE("trace", Boolean.class, PoolBuilder::trace),
    CHECK_AFTER_IDLE("checkAfterIdle", Duration.class, PoolBuilder::checkAfterIdle),
    CHECK_IDLE_EVERY("checkIdleEvery", Duration.class, PoolBuilder::checkIdleEvery),
    REUSE("reuse", ReusePolicy.class, PoolBuilder::reuse),
    MAX_USES("maxUses", Long.class, PoolBuilder::maxUses),
    MAX_WAITING("maxWaiting", Integer.class, PoolBuilder::maxWaiting),
    MIN_IDLE("minIdle", Integer.class, PoolBuilder::minIdle),
    MAX_IDLE("maxIdle", Integer.class, PoolBuilder::maxIdle),
    OPEN_TIMEOUT("openTimeout", Duration.class, PoolBuilder::openTimeout),
    CLOSER_TIMEOUT("closerTimeout", Duration.class, PoolBuilder::closerTimeout),
    WARN_WHEN_HELD_FOR("warnWhenHeldFor", Duration.class, PoolBuilder::warnWhenHeldFor),
    TIME_LEASES("timeLeases", Boolean.class, PoolBuilder::timeLeases),
    RESET("reset", SerializableReset.class, (builder, reset) -> builder.reset(reset)),
    OPEN_BACKOFF(
            "openBackoff", List.class, (builder, delays) -> builder.openBackoff(delay(delays, 0), delay(delays, 1)));

    private final String label;
    private final BiConsumer<PoolBuilder<Object, Exception, ?>, Object> setter;

    <V> PoolOption(String label, Class<V> type, BiConsumer<PoolBuilder<Object, Exception, ?>, V> setter) {
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
    void apply(PoolBuilder<?, ?, ?> builder, Object value) {
        setter.accept((PoolBuilder<Object, Exception, ?>) builder, value);
    }

    @Override
    public String toString() {
        return label;
    }
}
