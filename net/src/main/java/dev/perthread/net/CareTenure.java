package dev.perthread.net;

/** The tenure of a check or reset of the user, which comes between two leases and in the calling thread. */
final class CareTenure implements Tenure {
    private final String name;
    private final Transport transport;
    private final Thread owner = Thread.currentThread();
    private boolean ended;
    private boolean broken;

    /**
     * Begins.
     *
     * @param name of the pool, for messages
     */
    CareTenure(String name, Transport transport) {
        this.name = name;
        this.transport = transport;
    }

    /** Whether it was left as it should be: no read or write has failed, and nobody called invalidate(). */
    boolean isSound() {
        return !broken;
    }

    @Override
    public Transport get() {
        requireOwn();
        return transport;
    }

    /** Returning normally says it. */
    @Override
    public void done() {
        requireOwn();
    }

    @Override
    public void invalidate() {
        requireOwn();
        broken = true;
    }

    /** What becomes of the transport is not up to whoever looks after it. */
    @Override
    public void close() {
        if (Thread.currentThread() != owner) {
            throw misuse();
        }
        ended = true;
    }

    private void requireOwn() {
        if (Thread.currentThread() != owner || ended) {
            throw misuse();
        }
    }

    private IllegalStateException misuse() {
        return new IllegalStateException(name
                + ": the connection that a check or reset is given must be used in its thread, and before it returns");
    }
}
