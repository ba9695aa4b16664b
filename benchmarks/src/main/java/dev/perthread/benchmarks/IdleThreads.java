package dev.perthread.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/** A set of live threads that each run a task once when asked, and otherwise sleep: the owners of idle resources. */
final class IdleThreads implements AutoCloseable {
    private static final Runnable END = () -> {};

    private final List<Member> members = new ArrayList<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final boolean virtual;

    private final class Member implements Runnable {
        final Semaphore told = new Semaphore(0);
        volatile Runnable task;
        volatile CountDownLatch done;
        Thread thread;

        @Override
        public void run() {
            while (true) {
                told.acquireUninterruptibly();
                Runnable now = task;
                task = null;
                try {
                    now.run();
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
                if (now instanceof Last) {
                    return;
                }
                done.countDown();
                if (now == END) {
                    return;
                }
            }
        }
    }

    private static final class Last implements Runnable {
        final Runnable task;

        Last(Runnable task) {
            this.task = task;
        }

        @Override
        public void run() {
            task.run();
        }
    }

    IdleThreads(int size, boolean virtual) throws InterruptedException {
        this.virtual = virtual;
        for (int i = 0; i < size; i++) {
            add();
        }
        all(() -> {}); // each has been asleep and woken once: what a first sleep allocates is there
    }

    private void add() {
        Member member = new Member();
        members.add(member);
        member.thread = VirtualThreads.start(virtual, member);
    }

    int size() {
        return members.size();
    }

    /** Every thread does this once; returns when all are done. */
    void all(Runnable task) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(members.size());
        for (Member member : members) {
            member.task = task;
            member.done = done;
            member.told.release();
        }
        done.await();
        if (failure.get() != null) {
            throw new IllegalStateException("a thread failed", failure.get());
        }
        Thread.sleep(50); // until they are asleep again
    }

    /** One thread does this and ends; does not wait for it. */
    void endOne(int index, Runnable last) {
        Member member = members.get(index);
        member.task = new Last(last);
        member.told.release();
    }

    /** Ends all; those that have ended already are left out. */
    @Override
    public void close() throws InterruptedException {
        members.removeIf(member -> !member.thread.isAlive());
        all(END);
        for (Member member : members) {
            member.thread.join();
        }
    }
}
