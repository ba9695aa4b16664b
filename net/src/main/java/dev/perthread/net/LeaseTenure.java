package dev.perthread.net;

import dev.perthread.Lease;

/** The tenure of a user. */
record LeaseTenure(Lease<Transport> lease) implements Tenure {
    @Override
    public Transport get() {
        return lease.get();
    }

    @Override
    public void done() {
        lease.done();
    }

    @Override
    public void invalidate() {
        lease.invalidate();
    }

    @Override
    public void close() {
        lease.close();
    }
}
