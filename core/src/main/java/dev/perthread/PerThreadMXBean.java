package dev.perthread;

import java.util.List;

/**
 * A holder as JMX shows it, to {@code jconsole} and every other client, for whoever asks for it with
 * {@link PerThread#registerMXBean}. The attributes are the counters of {@link Stats}.
 */
public interface PerThreadMXBean {

    /** A holder registered. */
    interface Registration extends AutoCloseable {
        /**
         * The name it is registered under.
         *
         * @return the name, for {@code javax.management.ObjectName}
         */
        String objectName();

        /** Ends it. The second call does nothing, nor does one after the holder was closed. */
        @Override
        void close();
    }

    /**
     * The name of the holder.
     *
     * @return the name
     */
    String getName();

    /**
     * The most resources that may be open at once.
     *
     * @return the limit, 0 for none
     */
    int getLimit();

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
     * @return resources open and in nobody's use
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
     * See {@link PerThread#reap}.
     *
     * @return how many were closed
     */
    int reap();

    /** A {@link ResourceInfo} in the types that JMX clients know without this library. */
    interface Resource {
        /**
         * See {@link ResourceInfo#id}.
         *
         * @return number of the resource in its holder
         */
        long getId();

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
         * @return a frame a line, empty unless tracing is on
         */
        String getAcquiredAt();
    }
}
