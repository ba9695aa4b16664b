package dev.perthread;

import java.util.List;
import java.util.Map;

/**
 * A pool as JMX shows it, to {@code jconsole} and every other client, for whoever asks for it with
 * {@link PerThread#registerMXBean} or {@link KeyedPerThread#registerMXBean}. The attributes are the counters of {@link Stats}.
 *
 * <p>A pool with keys is one bean. Its settings cannot be changed and it cannot be suspended: those operations and the setters
 * throw {@link UnsupportedOperationException}.
 */
public interface PerThreadMXBean {

    /** A pool registered. */
    interface Registration extends AutoCloseable {
        /**
         * The name it is registered under.
         *
         * @return the name, for {@code javax.management.ObjectName}
         */
        String objectName();

        /** Ends it. The second call does nothing, nor does one after the pool was closed. */
        @Override
        void close();
    }

    /**
     * The name of the pool.
     *
     * @return the name
     */
    String getName();

    /**
     * The most resources that may be open at once, of all keys together.
     *
     * @return the limit, 0 for none
     */
    int getLimit();

    /**
     * The most resources that may be open at once for one key.
     *
     * @return the limit, 0 for none and in a pool without keys
     * @since 0.1
     */
    int getLimitPerKey();

    /**
     * See {@link Stats#opened}.
     *
     * @return resources that the opener returned
     */
    long getOpened();

    /**
     * See {@link Stats#closed}.
     *
     * @return resources whose closer has returned or thrown
     */
    long getClosed();

    /**
     * See {@link Stats#open}.
     *
     * @return resources opened and not closed
     */
    int getOpen();

    /**
     * See {@link Stats#leased}.
     *
     * @return resources in use
     */
    int getLeased();

    /**
     * See {@link Stats#idle}.
     *
     * @return resources open and not leased
     */
    int getIdle();

    /**
     * See {@link Stats#opening}.
     *
     * @return resources whose opener runs
     */
    int getOpening();

    /**
     * See {@link Stats#waiting}.
     *
     * @return threads that wait at the limit
     */
    int getWaiting();

    /**
     * See {@link Stats#acquired}.
     *
     * @return leases handed out
     */
    long getAcquired();

    /**
     * See {@link Stats#waited}.
     *
     * @return leases and failures that came after waiting at the limit
     */
    long getWaited();

    /**
     * See {@link Stats#openFailures}.
     *
     * @return openers that threw
     */
    long getOpenFailures();

    /**
     * See {@link Stats#closeFailures}.
     *
     * @return closers that threw
     */
    long getCloseFailures();

    /**
     * See {@link Stats#timeouts}.
     *
     * @return acquires that gave up waiting
     */
    long getTimeouts();

    /**
     * See {@link Stats#reclaimed}.
     *
     * @return resources closed because their thread had ended
     */
    long getReclaimed();

    /**
     * See {@link Stats#leaked}.
     *
     * @return those reclaimed whose thread had ended inside the scope
     */
    long getLeaked();

    /**
     * Every resource there is.
     *
     * @return as {@link PerThread#snapshot} shows them
     */
    List<Resource> getResources();

    /**
     * See {@link PerThread#evictIdle}.
     *
     * @return how many were closed
     */
    int evictIdle();

    /**
     * See {@link KeyedPerThread#evictIdle(Object)}.
     *
     * @param key as {@link Resource#getKey} shows it; several keys may have the same text
     * @return how many were closed; 0 in a pool without keys
     * @since 0.1
     */
    int evictIdle(String key);

    /**
     * See {@link PerThread#reap}.
     *
     * @return how many were closed
     */
    int reap();

    /**
     * Changes the limit, see {@link PerThread#setLimit}.
     *
     * @param limit 1 or more, 0 for none
     */
    void setLimit(int limit);

    /**
     * How long an acquire may take.
     *
     * @return milliseconds
     */
    long getAcquireTimeoutMillis();

    /**
     * See {@link PerThread#setAcquireTimeout}.
     *
     * @param millis zero or more
     */
    void setAcquireTimeoutMillis(long millis);

    /**
     * After how long an idle resource is closed.
     *
     * @return milliseconds, 0 for never
     */
    long getIdleTimeoutMillis();

    /**
     * See {@link PerThread#setIdleTimeout}.
     *
     * @param millis more than zero
     */
    void setIdleTimeoutMillis(long millis);

    /**
     * At what age a resource is closed.
     *
     * @return milliseconds, 0 for never
     */
    long getMaxAgeMillis();

    /**
     * See {@link PerThread#setMaxAge}.
     *
     * @param millis more than zero
     */
    void setMaxAgeMillis(long millis);

    /**
     * See {@link Stats#heldTooLong}.
     *
     * @return leases that lasted too long
     */
    long getHeldTooLong();

    /**
     * See {@link Stats#refused}.
     *
     * @return acquires refused because too many threads waited
     */
    long getRefused();

    /**
     * See {@link Stats#waitNanos}.
     *
     * @return nanoseconds that threads have waited at the limit
     */
    long getWaitNanos();

    /**
     * See {@link Stats#openNanos}.
     *
     * @return nanoseconds that openers have run
     */
    long getOpenNanos();

    /**
     * See {@link Stats#leaseNanos}.
     *
     * @return nanoseconds for which resources were leased, where that is counted
     */
    long getLeaseNanos();

    /**
     * See {@link Stats#mostOpen}.
     *
     * @return the most that were open or being opened at once
     */
    int getMostOpen();

    /**
     * See {@link Stats#closedByReason}.
     *
     * @return how many were closed, by the name of the {@link CloseReason}
     */
    Map<String, Long> getClosedByReason();

    /**
     * See {@link Stats#lastOpenFailure}.
     *
     * @return what the opener threw last, empty if it never failed
     */
    String getLastOpenFailure();

    /**
     * See {@link PerThread#refresh}.
     *
     * @return how many are replaced
     */
    int refresh();

    /**
     * See {@link KeyedPerThread#refresh(Object)}.
     *
     * @param key as {@link Resource#getKey} shows it; several keys may have the same text
     * @return how many are replaced; 0 in a pool without keys
     * @since 0.1
     */
    int refresh(String key);

    /**
     * See {@link PerThread#revoke}.
     *
     * @param resourceId the number of the resource
     * @return whether it was leased
     */
    boolean revoke(long resourceId);

    /**
     * See {@link PerThread#suspend}.
     *
     * @param drainMillis how long to wait for leases, zero or more
     * @return how many were closed
     */
    int suspend(long drainMillis);

    /** See {@link PerThread#resume}. */
    void resume();

    /** A {@link ResourceInfo} in the types that JMX clients know without this library. */
    interface Resource {
        /**
         * See {@link ResourceInfo#id}.
         *
         * @return number of the resource in its pool
         */
        long getId();

        /**
         * See {@link ResourceInfo#key}.
         *
         * @return the key as text, empty in a pool without keys
         * @since 0.1
         */
        String getKey();

        /**
         * See {@link ResourceInfo#threadName}.
         *
         * @return name of its thread, may be empty
         */
        String getThreadName();

        /**
         * See {@link ResourceInfo#threadId}.
         *
         * @return id of its thread, 0 if there is none
         */
        long getThreadId();

        /**
         * See {@link ResourceInfo#state}.
         *
         * @return what it is doing, in capitals
         */
        String getState();

        /**
         * See {@link ResourceInfo#openedAt}.
         *
         * @return milliseconds since 1970
         */
        long getOpenedAtMillis();

        /**
         * See {@link ResourceInfo#leasedSince}.
         *
         * @return milliseconds since 1970, 0 if it is not leased
         */
        long getLeasedSinceMillis();

        /**
         * See {@link ResourceInfo#uses}.
         *
         * @return how many leases it has had
         */
        long getUses();

        /**
         * See {@link ResourceInfo#acquiredAt}.
         *
         * @return one frame per line, empty unless tracing is on
         */
        String getAcquiredAt();
    }
}
