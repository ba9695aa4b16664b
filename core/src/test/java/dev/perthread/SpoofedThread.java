// A thread that says of itself that it is every other one; for tests that threads are told apart by identity.
package dev.perthread;

final class SpoofedThread extends Thread {
    SpoofedThread(Runnable task) {
        super(task);
    }

    @Override
    @SuppressWarnings("deprecation")
    public long getId() {
        return 1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Thread;
    }

    @Override
    public int hashCode() {
        return 1;
    }
}
