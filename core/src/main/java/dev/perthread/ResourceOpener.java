package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens the resources of one pool, and validates those that are to be used again. */
final class ResourceOpener<T, X extends Exception> {
    private final PoolConfig<T, X> config;
    private final LiveSettings settings;
    private final CoarseClock clock;
    private final ReaperRegistration registration;
    private final SlotRegistry<T> registry;
    private final Observer<T> observer;
    private final ResourceCloser<T> closer;
    private final @Nullable OpenBackoff backoff;

    ResourceOpener(
            PoolConfig<T, X> config,
            LiveSettings settings,
            SlotRegistry<T> registry,
            Observer<T> observer,
            ResourceCloser<T> closer,
            ReaperRegistration registration) {
        this.config = config;
        this.settings = settings;
        this.clock = registry.pool.clock;
        this.registration = registration;
        this.registry = registry;
        this.observer = observer;
        this.closer = closer;
        this.backoff = config.backoffFirst > 0 ? new OpenBackoff(config.backoffFirst, config.backoffMost) : null;
    }

    boolean isBackingOff() {
        return backoff != null && backoff.isPending(clock.now());
    }

    @Nullable
    CloseReason validate(Slot<T> slot, Attempt attempt) {
        CloseReason retired = slot.retireFor();
        if (retired != null || slot.isClaimed()) {
            return retired != null ? retired : CloseReason.REVOKED;
        }
        long now = settings.expires() || config.checkAfterNanos > 0 ? clock.now() : 0;
        CloseReason expired = settings.expired(slot, now);
        if (expired != null || config.check == null) {
            return expired;
        }
        if (config.checkAfterNanos > 0 && slot.untouchedFor(now) < config.checkAfterNanos) {
            return null;
        }
        attempt.now(); // it may begin here
        OpenTimer timer = attempt.timer(config.openNanos);
        boolean usable = false;
        try {
            usable = isUsable(slot);
        } finally {
            usable &= timer == null || !timer.end();
        }
        return usable ? null : CloseReason.CHECK_FAILED;
    }

    boolean isUsable(Slot<T> slot) {
        Check<? super T> check = Objects.requireNonNull(config.check);
        boolean entered = ContextLoader.enter(check);
        try {
            return check.isUsable(slot.resource());
        } catch (Throwable failure) {
            Failures.restoreInterrupt(failure);
            Log.line(
                    Level.DEBUG,
                    () -> config.shownName + ": the check before reuse failed, the resource is closed",
                    failure);
            return false;
        } finally {
            ContextLoader.leave(entered);
        }
    }

    /** Calls the opener; returns the time. The slot stays OPENING. */
    long open(Slot<T> slot, Attempt attempt) throws X {
        if (registry.isClosed()) {
            throw new IllegalStateException(Messages.closed(config.shownName));
        }
        long asked = backoff == null ? 0 : clock.now();
        Throwable refusal = backoff == null ? null : backoff.refusal(asked);
        if (refusal != null) {
            ResourceOpener.<X>rethrow(refusal);
        }
        registration.registerAndWake();
        Jfr.Span recorded = Jfr.opening();
        long begin = attempt.now();
        long left = attempt.left(begin, settings.acquireNanos);
        if (config.openNanos > 0 && (!attempt.waits() || config.openNanos < left)) {
            left = config.openNanos; // then it is interrupted
        }
        OpenTimer timer = attempt.timer(config.openNanos);
        try {
            // Nothing in between: from here on openOrValidate() finds the resource and closes it, whatever goes wrong.
            slot.setResource(opened(config.open(left)));
        } catch (Throwable failure) {
            attempt.interrupted = timer != null && timer.end();
            ResourceOpener.<X>rethrow(openFailed(slot, failure, recorded, begin, asked, attempt));
        }
        attempt.interrupted = timer != null && timer.end();
        Jfr.opened(recorded, slot);
        long end = attempt.now();
        attempt.openNanos = end - begin;
        long now = clock.now(end);
        slot.openedAt = now;
        slot.idleSince = now;
        slot.checkedAt = now;
        if (backoff != null) {
            backoff.succeeded();
        }
        observer.opened(slot, attempt.openNanos); // while it is OPENING nobody can close it, so this is told first
        return now;
    }

    private T opened(@Nullable T resource) {
        if (resource == null) {
            throw new NullPointerException(config.shownName + ": the opener returned null");
        }
        return resource;
    }

    private Throwable openFailed(
            Slot<T> slot, Throwable failure, Jfr.@Nullable Span recorded, long begin, long asked, Attempt attempt) {
        long took = System.nanoTime() - begin;
        try {
            if (backoff != null) { // before the permit goes to the next waiter, which would try in vain
                backoff.failed(failure, asked, clock.now(), config.shownName);
            }
            registry.removeUnopened(slot, Messages.shown(failure), took);
        } catch (Throwable noMemory) {
            registry.removeUnopened(slot, "", took);
            throw noMemory;
        }
        Jfr.openFailed(recorded, slot, failure);
        observer.openFailed(failure, took);
        return attempt.interrupted ? timedOut(attempt, failure) : failure;
    }

    /** Throws what an opener threw: an X, or unchecked. */
    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void rethrow(Throwable failure) throws E {
        throw (E) failure;
    }

    /** In a thread of the library or of {@code prewarm}: the resource is idle at the end. */
    void openForNobody(Slot<T> slot) throws X {
        Attempt attempt = new Attempt(Thread.currentThread(), settings.acquireNanos);
        try {
            open(slot, attempt);
            if (attempt.interrupted) { // while nobody can have it yet; not to be trusted, though the opener returned it
                throw timedOut(attempt, null);
            }
            if (!registry.opened(slot, attempt.openNanos)) {
                throw closer.closeAndReject(slot);
            }
        } catch (Throwable failure) {
            closer.releaseAfterFailure(slot, failure);
            throw failure;
        }
    }

    AcquireTimeoutException timedOut(Attempt attempt, @Nullable Throwable failure) {
        registry.numbers.timedOut();
        return new AcquireTimeoutException(
                Messages.openTimedOut(config.shownName, attempt.me, attempt.elapsed()), failure);
    }
}
