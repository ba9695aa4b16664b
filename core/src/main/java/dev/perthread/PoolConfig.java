package dev.perthread;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The options of one pool: validated once, when it is built, and never changed. What can be changed while the pool runs
 * is copied from here into {@link LiveSettings} and the {@link SlotRegistry}. Durations are nanoseconds; 0 means none
 * unless said otherwise.
 */
final class PoolConfig<T, X extends Exception> {
    final TimedOpener<? extends T, ? extends X> opener;
    final boolean timed; // whether the opener wants to know the time that is left
    final Closer<? super T> closer;
    final String name;
    final String shownName; // in messages; with the key
    final String shownPool; // in events; without
    final @Nullable Check<? super T> check;
    final @Nullable Action<? super T, ?> reset;
    final ReentryPolicy reentry;
    final IdlePolicy whenIdle;
    final ReusePolicy reuse;
    final int limit; // Integer.MAX_VALUE: none
    final int maxWaiting; // Integer.MAX_VALUE: none
    final int minIdle;
    final int maxIdle; // Integer.MAX_VALUE: none
    final long maxUses; // Long.MAX_VALUE: none
    final long idleNanos;
    final long ageNanos;
    final long acquireNanos; // 0: does not wait
    final long closeNanos; // 0: forces at once
    final long closerNanos;
    final long openNanos;
    final long warnNanos;
    final long checkEveryNanos;
    final long checkAfterNanos;
    final long backoffFirst;
    final long backoffMost;
    final boolean timeLeases;
    final boolean trace;
    final @Nullable Predicate<? super Throwable> invalidateWhen; // null: after every failure
    final @Nullable Listener listener;
    final LongSupplier clock;
    final PoolIdentity identity;
    final String key; // as text; empty without keys
    final boolean keyed; // one pool of many
    final boolean limitedForAll; // and there is a limit for all of them

    PoolConfig(PoolBuilder<T, X, ?> from, String name) {
        this.opener = from.opener;
        this.timed = from.timed;
        this.closer = from.closer;
        this.name = name;
        this.shownName = Messages.shown(name);
        this.shownPool = shownName;
        this.check = from.check;
        this.reset = from.reset;
        this.reentry = from.reentry;
        this.whenIdle = from.whenIdle;
        this.reuse = from.reuse;
        this.limit = from.limit;
        this.maxWaiting = from.maxWaiting;
        this.minIdle = from.minIdle;
        this.maxIdle = from.maxIdle;
        this.maxUses = from.maxUses;
        this.idleNanos = from.idleNanos;
        this.ageNanos = from.ageNanos;
        this.acquireNanos = from.acquireNanos;
        this.closeNanos = from.closeNanos;
        this.closerNanos = from.closerNanos;
        this.openNanos = from.openNanos;
        this.warnNanos = from.warnNanos;
        this.checkEveryNanos = from.checkEveryNanos;
        this.checkAfterNanos = from.checkAfterNanos;
        this.backoffFirst = from.backoffFirst;
        this.backoffMost = from.backoffMost;
        this.timeLeases = from.timeLeases;
        this.trace = from.trace;
        this.invalidateWhen = from.invalidateWhen;
        this.listener = from.listener;
        this.clock = from.clock;
        this.identity = new PoolIdentity();
        this.key = "";
        this.keyed = false;
        this.limitedForAll = false;
        ReferencedClasses.loadForModules(opener, closer, check, reset, invalidateWhen, listener);
    }

    /** The options of the pool of one key. */
    PoolConfig(PoolConfig<T, X> all, OfKey<T, X> of) {
        this.opener = of.opener;
        this.timed = all.timed;
        this.closer = all.closer;
        this.name = all.name;
        this.shownName = all.shownName + "[" + of.key + "]";
        this.shownPool = all.shownName;
        this.check = all.check;
        this.reset = all.reset;
        this.reentry = all.reentry;
        this.whenIdle = all.whenIdle;
        this.reuse = all.reuse;
        this.limit = of.limit;
        this.maxWaiting = all.maxWaiting;
        this.minIdle = all.minIdle;
        this.maxIdle = all.maxIdle;
        this.maxUses = all.maxUses;
        this.idleNanos = all.idleNanos;
        this.ageNanos = all.ageNanos;
        this.acquireNanos = all.acquireNanos;
        this.closeNanos = all.closeNanos;
        this.closerNanos = all.closerNanos;
        this.openNanos = all.openNanos;
        this.warnNanos = all.warnNanos;
        this.checkEveryNanos = all.checkEveryNanos;
        this.checkAfterNanos = all.checkAfterNanos;
        this.backoffFirst = all.backoffFirst;
        this.backoffMost = all.backoffMost;
        this.timeLeases = all.timeLeases;
        this.trace = all.trace;
        this.invalidateWhen = all.invalidateWhen;
        this.listener = all.listener;
        this.clock = all.clock;
        this.identity = all.identity;
        this.key = of.key;
        this.keyed = true;
        this.limitedForAll = of.limitedForAll;
    }

    /** What the pool of a key has for itself. */
    record OfKey<T, X extends Exception>(
            String key, int limit, TimedOpener<? extends T, ? extends X> opener, boolean limitedForAll) {}

    /** Whether the longest idle resource must be known: the last user's clock is read for it at each release. */
    boolean ordersIdle() {
        return limitedForAll && lends();
    }

    /** Whether it must be known how many are idle: each release lists its resource, and each acquire takes it out. */
    boolean limitsIdle() {
        return maxIdle != Integer.MAX_VALUE;
    }

    /** Whether some are to be idle even if nobody uses any. */
    boolean needsSpares() {
        return minIdle > 0 && !keyed;
    }

    /** Whether anything outlives its scope. */
    boolean keeps() {
        return whenIdle != IdlePolicy.CLOSE;
    }

    boolean lends() {
        return whenIdle == IdlePolicy.LEND;
    }

    /** Whether a lease that its user did not declare done may be reused all the same. */
    boolean reusesNotDone() {
        return !keeps() || reuse == ReusePolicy.UNLESS_INVALIDATED;
    }

    /** What a release has to do, unless its lease or its slot is a special one. */
    byte releasePath() {
        return reusesNotDone() ? Slot.FAST : Slot.FAST_IF_DONE;
    }

    /** Whether each lease has more to do than to change hands, so that no acquire may take the fast path. */
    boolean alwaysSlow() {
        return trace
                || check != null
                || reset != null
                || idleNanos > 0
                || ageNanos > 0
                || warnNanos > 0
                || checkEveryNanos > 0
                || maxUses != Long.MAX_VALUE
                || limitsIdle()
                || minIdle > 0
                || timeLeases;
    }

    /** The opener as the user gave it. */
    Object userOpener() {
        return opener instanceof OpenerAdapter adapter ? adapter.userOpener() : opener;
    }

    /** What makes a {@link TimedOpener} of a user's opener of another kind. */
    interface OpenerAdapter {
        Object userOpener();
    }

    T open(long leftNanos) throws X {
        // Without a wish for it the duration is not even made: opening may be cheap.
        return opener.open(timed ? Duration.ofNanos(Math.max(0, leftNanos)) : Duration.ZERO);
    }
}
