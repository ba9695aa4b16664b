package dev.perthread;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import jdk.jfr.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * The events of Flight Recorder, labelled for JDK Mission Control; {@link JfrWriter} fills them in. Not to be touched before a
 * recording has been started, see {@link Jfr}.
 */
final class JfrEvents {
    private JfrEvents() {}

    /** Whose event it is. */
    @Category("PerThread")
    @StackTrace(false)
    abstract static class OfPool extends Event {
        @Label("Pool")
        @Description("The name given to the builder, or one made up")
        @Nullable
        String pool;

        @Label("Pool Number")
        @Description("Number of the pool in this process, from 1; names may repeat")
        long poolId;

        @Label("Key")
        @Description("The key that it is about, as text of at most 200 characters; empty in a pool without keys")
        @Nullable
        String key;

        void of(PoolBase<?> from) {
            pool = from.poolName();
            poolId = from.identity.number;
            key = from.key();
        }
    }

    /**
     * And which resource and thread it is about. The thread is there twice: as itself, for Mission Control, and in words,
     * because Flight Recorder may have forgotten a thread that has ended.
     */
    abstract static class OfResource extends OfPool {
        @Label("Resource")
        @Description("Number of the resource in its pool, from 1, never used again; 0 if there is none yet")
        long resourceId;

        @Label("Owner")
        @Description(
                "The thread it belongs to, which need not be the one that did this; null for an idle lent resource")
        @Nullable
        Thread owner;

        @Label("Owner Name")
        @Description("Name of the owner; empty for an unnamed thread")
        @Nullable
        String ownerName;

        @Label("Owner Id")
        @Description("Java id of the owner; 0 if there is none")
        long ownerId;

        void of(Slot<?> slot) {
            of(slot.pool, slot.id, slot.thread);
        }

        void of(PoolBase<?> from, long resource, @Nullable Thread thread) {
            of(from);
            resourceId = resource;
            owner = thread;
            ownerName = thread == null ? "" : thread.getName();
            ownerId = thread == null ? 0 : Platform.id(thread);
        }
    }

    @Name("dev.perthread.Open")
    @Label("Resource Opened")
    @Description("The opener returned a resource; lasts as long as the opener")
    @StackTrace
    static final class Open extends OfResource {}

    @Name("dev.perthread.OpenFailed")
    @Label("Opening Failed")
    @Description("The opener threw; lasts as long as the opener")
    @StackTrace
    static final class OpenFailed extends OfResource {
        @Label("Failure")
        @Description("What the opener threw")
        @Nullable
        String failure;
    }

    // Off by default: on a kept resource two looks at the clock cost more than all the rest of acquire and release.
    @Name("dev.perthread.Lease")
    @Label("Lease")
    @Description("One thread's use of a resource, from acquire to close; off unless asked for, as perthread.jfc does")
    @Enabled(false)
    static final class Lease extends OfResource {
        /** To ask whether the kind is recorded. */
        private static final Lease ANY = new Lease();

        @Label("Outcome")
        @Description(
                "RELEASED, INVALIDATED, FORCED or REVOKED (closed under its user), or LEAKED (its thread ended without closing it)")
        @Nullable
        String outcome;

        @Label("Uses")
        @Description("How many leases the resource has had, this one included")
        long uses;

        @Label("Acquired At")
        @Description("The stack of acquire, a frame per line, if the pool was built with trace(true)")
        @Nullable
        String acquiredAt;

        static boolean isWanted() {
            return ANY.isEnabled();
        }
    }

    @Name("dev.perthread.Wait")
    @Label("Wait at the Limit")
    @Description("A thread waited because as many resources were open as the limit allows")
    @StackTrace
    static final class Wait extends OfResource {
        @Label("Served")
        @Description("Whether it got a resource; if not: timeout, interrupt, or the pool was closed")
        boolean served;
    }

    @Name("dev.perthread.Close")
    @Label("Resource Closed")
    @Description("The closer returned; lasts as long as the closer")
    @StackTrace
    static final class Close extends OfResource {
        @Label("Reason")
        @Description("Why it was closed, a CloseReason")
        @Nullable
        String reason;
    }

    @Name("dev.perthread.CloseFailed")
    @Label("Closing Failed")
    @Description("The closer threw; lasts as long as the closer. The resource counts as closed")
    @StackTrace
    static final class CloseFailed extends OfResource {
        @Label("Reason")
        @Description("Why it was to be closed, a CloseReason")
        @Nullable
        String reason;

        @Label("Failure")
        @Description("What the closer threw")
        @Nullable
        String failure;
    }

    @Name("dev.perthread.Leak")
    @Label("Leak")
    @Description("A thread ended without closing its lease")
    static final class Leak extends OfResource {
        @Label("Leased Since")
        @Description("When the lease began; to within a second unless leases are recorded or reported to a listener")
        @Timestamp(Timestamp.MILLISECONDS_SINCE_EPOCH)
        long leasedSince;

        @Label("Acquired At")
        @Description("The stack of acquire, a frame per line, if the pool was built with trace(true)")
        @Nullable
        String acquiredAt;
    }

    @Name("dev.perthread.HeldTooLong")
    @Label("Held Too Long")
    @Description("A lease lasted for longer than warnWhenHeldFor says; once per lease, when it was noticed")
    static final class HeldTooLong extends OfResource {
        @Label("Leased Since")
        @Description("When the lease began")
        @Timestamp(Timestamp.MILLISECONDS_SINCE_EPOCH)
        long leasedSince;

        @Label("Acquired At")
        @Description("The stack of acquire, one frame per line, if the pool was built with trace(true)")
        @Nullable
        String acquiredAt;
    }

    @Name("dev.perthread.Reclaim")
    @Label("Resource Reclaimed")
    @Description(
            "A resource of an ended thread was closed; lasts from when that was noticed until the closer has returned")
    static final class Reclaim extends OfResource {
        @Label("Leaked")
        @Description("Whether the thread ended inside the scope")
        boolean leaked;
    }

    /** At both ends of a chunk, so that a dump tells who holds what at that moment. */
    @Name("dev.perthread.Resource")
    @Label("Open Resource")
    @Description("A resource that is there at this moment, of every pool that has one")
    @Period("everyChunk")
    static final class Resource extends OfResource {
        @Label("State")
        @Description("OPENING, LEASED, IDLE or CLOSING")
        @Nullable
        String state;

        @Label("Opened At")
        @Timestamp(Timestamp.MILLISECONDS_SINCE_EPOCH)
        long openedAt;

        @Label("Leased Since")
        @Description(
                "When the present lease began, 0 if there is none; to within a second unless leases are recorded or"
                        + " reported to a listener")
        @Timestamp(Timestamp.MILLISECONDS_SINCE_EPOCH)
        long leasedSince;

        @Label("Uses")
        @Description("How many leases it has had, the present one included")
        long uses;

        @Label("Acquired At")
        @Description("The stack of acquire, a frame per line, if the pool was built with trace(true)")
        @Nullable
        String acquiredAt;
    }

    @Name("dev.perthread.Statistics")
    @Label("Pool Statistics")
    @Description(
            "The counters of a pool that has something open, every so often, and when it is closed; of a pool with keys"
                    + " those of all keys, with an empty key, and those of each key that has something open")
    @Period("10 s")
    static final class Statistics extends OfPool {
        @Label("Limit")
        @Description("The most that may be open at once; 0 for no limit")
        int limit;

        @Label("Opened")
        @Description("Resources that the opener returned")
        long opened;

        @Label("Closed")
        @Description("Resources whose closer has returned or thrown")
        long closed;

        @Label("Open")
        @Description("Resources opened and not closed")
        int open;

        @Label("Leased")
        @Description("Resources in use")
        int leased;

        @Label("Idle")
        @Description("Resources open and not leased")
        int idle;

        @Label("Opening")
        @Description("Resources whose opener runs")
        int opening;

        @Label("Waiting")
        @Description("Threads that wait at the limit")
        int waiting;

        @Label("Acquired")
        @Description("Leases handed out")
        long acquired;

        @Label("Waited")
        @Description("Leases and failures that came after waiting at the limit")
        long waited;

        @Label("Open Failures")
        @Description("Openers that threw")
        long openFailures;

        @Label("Close Failures")
        @Description("Closers that threw")
        long closeFailures;

        @Label("Timeouts")
        @Description("Acquires that gave up waiting")
        long timeouts;

        @Label("Reclaimed")
        @Description("Resources closed because their thread had ended")
        long reclaimed;

        @Label("Leaked")
        @Description("Those reclaimed whose thread had ended inside the scope")
        long leaked;

        @Label("Held Too Long")
        @Description("Leases that lasted for longer than warnWhenHeldFor says")
        long heldTooLong;

        @Label("Refused")
        @Description("Acquires refused because too many threads waited already")
        long refused;

        @Label("Wait Time")
        @Description("The time that threads have waited at the limit")
        @Timespan(Timespan.NANOSECONDS)
        long waitTime;

        @Label("Open Time")
        @Description("The time that openers have run")
        @Timespan(Timespan.NANOSECONDS)
        long openTime;

        @Label("Most Open")
        @Description("The most resources that were open or being opened at once")
        int mostOpen;

        @Override
        void of(PoolBase<?> from) {
            super.of(from);
            limit = from.limit();
            fill(from.stats());
        }

        void ofAllKeys(String name, PoolIdentity identity, int limitForAll, Stats now) {
            pool = name;
            poolId = identity.number;
            key = "";
            limit = limitForAll;
            fill(now);
        }

        private void fill(Stats now) {
            opened = now.opened();
            closed = now.closed();
            open = now.open();
            leased = now.leased();
            idle = now.idle();
            opening = now.opening();
            waiting = now.waiting();
            acquired = now.acquired();
            waited = now.waited();
            openFailures = now.openFailures();
            closeFailures = now.closeFailures();
            timeouts = now.timeouts();
            reclaimed = now.reclaimed();
            leaked = now.leaked();
            heldTooLong = now.heldTooLong();
            refused = now.refused();
            waitTime = now.waitNanos();
            openTime = now.openNanos();
            mostOpen = now.mostOpen();
        }
    }
}
