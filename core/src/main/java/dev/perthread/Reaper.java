package dev.perthread;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The background thread of the whole library: finds what ended threads left and what has been idle for too long. A daemon
 * thread that exists only while some pool or store has something, and ends by itself. It knows its clients weakly, so a
 * dropped pool is collected with all it refers to.
 *
 * <p>The JVM has no thread-exit callback, so each round asks {@link Thread#isAlive} of all owners.
 * Where virtual threads are cheap, an owner seen in two rounds gets a virtual thread that joins it and calls for a round
 * at once; rounds are quick ({@link #QUICK}) until all owners have theirs, and then rare ({@link #RARE}). Elsewhere they
 * come at a steady {@link #STEADY}. Planned rounds take at most a hundredth of the time, unless that were less often than
 * {@link #RARE}; called ones at most a tenth.
 */
final class Reaper implements Runnable {

    /** Something with owners. */
    @FunctionalInterface
    interface Client {
        /**
         * Takes away what dead threads left, and looks after what else needs time to pass.
         *
         * @param owners is told each living owner
         * @return nanoseconds until the next round is needed, or {@link #NOTHING_OPEN}
         */
        long sweep(Consumer<Thread> owners);
    }

    static final long NOTHING_OPEN = -1;
    static final long NO_HURRY = Long.MAX_VALUE;
    static final long QUICK = 10_000_000;
    static final long STEADY = 100_000_000;
    static final long SPARE_PAUSE = 1_000_000_000; // between tries to open a spare resource that failed
    static final long RARE = 900_000_000; // a second is promised, less what the round and the closer take

    /** A watcher costs some 1.5 kB; owners beyond this many are found by the rounds alone. */
    private static final int MOST_WATCHERS = 16_384;

    private static final ReentrantLock LOCK = new SpinThenParkLock();
    private static final ArrayList<Entry> CLIENTS = new ArrayList<>(); // guarded by LOCK
    private static volatile @Nullable Reaper current; // written under LOCK

    // Used by the reaper's thread alone.
    private IdentityHashMap<Thread, Watch> watches = new IdentityHashMap<>();
    private int most; // that it held since it was last made anew
    private int watchers;
    private int round;
    private boolean unwatched; // this round saw a living owner that nobody watches yet
    private boolean unwatchable; // or that nobody ever can
    private boolean lingering; // the last round found nothing at all
    private final Jfr.Periodic recorded = new Jfr.Periodic(this::pools);

    private volatile @Nullable Thread thread;
    // Set by anybody, cleared by this thread before the round that answers them, so none is lost.
    private volatile boolean called; // a round is wanted at once
    private volatile boolean soon; // a round is wanted within QUICK
    private volatile boolean resting; // parked for longer than QUICK; who sets the above must unpark

    private Reaper() {}

    /** What a client is known by: one and the same for as long as it lives, so that to be told of it twice is no harm. */
    static final class Entry extends WeakReference<Client> {
        // Guarded by LOCK.
        private boolean registered;
        private boolean renewed; // since the round began, in which the client may have had nothing before that
        private boolean empty; // so the client has said in this round; the reaper's thread alone

        Entry(Client client) {
            super(client);
            ReferencedClasses.loadFor(client); // while its class loader is not stopped yet
        }
    }

    private static final class Watch {
        final Thread owner;

        @Nullable
        Thread watcher; // null in the first round that saw the owner

        int round;

        Watch(Thread owner) {
            this.owner = owner;
        }
    }

    /**
     * Something was opened or set, or waits. If this fails, for lack of memory, the client must tell again.
     *
     * @param client its pool or store, or null if it knows that the reaper knows it
     */
    static void opened(@Nullable Entry client) {
        Reaper reaper = current;
        if (client != null || reaper == null) {
            reaper = register(client);
        }
        reaper.registerAndWake();
    }

    private static Reaper register(@Nullable Entry client) {
        LOCK.lock();
        try {
            if (client != null) {
                if (!client.registered) {
                    CLIENTS.add(client);
                    client.registered = true; // after what may fail for lack of memory
                }
                client.renewed = true;
            }
            Reaper reaper = current;
            return reaper == null ? start() : reaper;
        } finally {
            LOCK.unlock();
        }
    }

    /** An owner has ended. */
    private static void ended() {
        Reaper reaper = current;
        if (reaper != null) {
            reaper.called = true;
            LockSupport.unpark(reaper.thread);
        }
    }

    private void registerAndWake() {
        // Read first: while rounds are quick anyway, opening costs no fence.
        if (!soon) {
            soon = true;
            if (resting) { // volatile, after soon: this thread sees that it rests, or it sees soon
                LockSupport.unpark(thread);
            }
        }
    }

    /** The library's thread, if it runs; for tests. */
    static @Nullable Thread thread() {
        Reaper reaper = current;
        return reaper == null ? null : reaper.thread;
    }

    private static Reaper start() {
        Reaper reaper = new Reaper();
        Thread thread = DaemonThreads.create("perthread-reaper", reaper);
        reaper.thread = thread;
        // Last: should the thread not start (out of memory), the next opening tries again.
        thread.start();
        current = reaper;
        return reaper;
    }

    @Override
    public void run() {
        try {
            for (long delay = 0; delay != NOTHING_OPEN; ) {
                delay = round();
            }
        } catch (LinkageError undeployed) {
            // The library's class loader was closed under it. Going on would only keep it in memory.
        } finally {
            abdicate(); // whatever it was that ended this: who opens next must start another
            recorded.takeOff();
            callAllOff();
        }
    }

    /** Or the class loader would be kept for as long as the owners live. */
    private void callAllOff() {
        try {
            for (Watch watch : watches.values()) { // no lambda: to link one may need a class that was never loaded
                callOff(watch);
            }
        } catch (OutOfMemoryError passing) {
            // Then it is kept. There is nobody here whom this could be told.
        }
    }

    /** For Flight Recorder's thread. A reaper that has just ended leaves it to the next one. */
    private Stream<PoolBase<?>> pools() {
        return current != this
                ? Stream.empty()
                : clients(false).stream()
                        .map(WeakReference::get)
                        .filter(PoolBase.class::isInstance)
                        .map(client -> (PoolBase<?>) client);
    }

    /** One round and the pause after it. */
    private long round() {
        called = false;
        soon = false;
        long begin = System.nanoTime();
        long delay;
        try {
            recorded.hang();
            delay = sweepAll();
        } catch (OutOfMemoryError passing) {
            delay = STEADY; // this thread must not end: what dead threads left would stay for ever
        }
        if (delay != NOTHING_OPEN) {
            long took = System.nanoTime() - begin;
            pause(Math.min(QUICK, 10 * took), false);
            pause(Math.min(RARE, Math.max(delay, 100 * took)), true);
        }
        return delay;
    }

    private void abdicate() {
        LOCK.lock();
        try {
            if (current == this) {
                current = null;
            }
        } finally {
            LOCK.unlock();
        }
    }

    private void pause(long nanos, boolean attentive) {
        long end = System.nanoTime() + nanos;
        resting = attentive && nanos > QUICK;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            if (attentive && called) {
                break;
            }
            if (attentive && soon && left > QUICK) {
                end -= left - QUICK;
                resting = false;
                continue;
            }
            LockSupport.parkNanos(this, left);
            Thread.interrupted(); // nobody may keep this thread from parking by interrupting it
        }
        resting = false;
    }

    /** One round over all clients; returns the time until the next, or NOTHING_OPEN when this thread is to end. */
    private long sweepAll() {
        round++;
        unwatched = false;
        unwatchable = false;
        long delay = RARE;
        boolean anyEmpty = false;
        for (Entry entry : clients(true)) {
            Client client = entry.get();
            long next = client == null ? NOTHING_OPEN : sweep(client);
            entry.empty = next == NOTHING_OPEN;
            if (entry.empty) {
                anyEmpty = true;
            } else {
                delay = Math.min(delay, next);
            }
        }
        if (anyEmpty) {
            forgetEmpty();
        }
        forgetWatches();
        if (unwatchable) {
            delay = Math.min(delay, STEADY);
        }
        if (unwatched) {
            delay = Math.min(delay, QUICK);
        }
        long closers = CloserThreads.startMissing();
        delay = Math.min(delay, closers);
        if (!goOn(closers != NO_HURRY)) {
            return NOTHING_OPEN;
        }
        return lingering ? STEADY + 1 : Math.max(delay, QUICK);
    }

    private void forgetWatches() {
        // Who was seen once and not again had a short scope. Who is watched stays so for a while: scopes come again.
        // The dead go at once, or they would be kept in memory.
        most = Math.max(most, watches.size());
        watches.values()
                .removeIf(watch -> watch.round != round // else it was alive just now
                        && (watch.watcher == null || round - watch.round > 16 || !watch.owner.isAlive())
                        && callOff(watch));
        if (watches.size() < most >> 3 && most > 64) {
            watches = new IdentityHashMap<>(watches); // a hash table never shrinks by itself
            most = watches.size();
        }
    }

    private long sweep(Client client) {
        try {
            return client.sweep(this::owner);
        } catch (LinkageError undeployed) {
            throw undeployed;
        } catch (Throwable failure) {
            return STEADY; // one client's trouble is not the others'
        }
    }

    private void owner(Thread owner) {
        if (!Platform.canWatch(owner)) {
            unwatchable = true; // and nothing to remember: with 10,000 owners that would be most of a round
            return;
        }
        try {
            watch(owner);
        } catch (OutOfMemoryError | RejectedExecutionException passing) {
            // The latter is thrown where the queue of the carriers is full and there is no memory for a larger one.
            unwatched = true; // the next round tries again; this one goes on, for whoever is dead behind this one
        }
    }

    private void watch(Thread owner) {
        Watch watch = watches.get(owner);
        if (watch == null) {
            watch = new Watch(owner);
            watches.put(owner, watch);
        } else if (watch.round != round && watch.watcher == null && watchers < MOST_WATCHERS) {
            watch.watcher = Platform.watch(owner, Reaper::ended);
            watchers++;
        }
        watch.round = round;
        unwatched |= watch.watcher == null;
    }

    private boolean callOff(Watch watch) {
        Thread watcher = watch.watcher;
        if (watcher != null) {
            watcher.interrupt();
            watchers--;
        }
        return true;
    }

    private static List<Entry> clients(boolean roundBegins) {
        LOCK.lock();
        try {
            List<Entry> clients = new ArrayList<>(CLIENTS);
            if (roundBegins) {
                clients.forEach(entry -> entry.renewed = false);
            }
            return clients;
        } finally {
            LOCK.unlock();
        }
    }

    /**
     * Forgets the clients that have said in this round that they have nothing, unless they were registered since: then the
     * next round asks again. In one pass, since a million short-lived pools leave a million entries; and with no memory.
     */
    private static void forgetEmpty() {
        LOCK.lock();
        try {
            int before = CLIENTS.size();
            int kept = 0;
            for (int i = 0; i < before; i++) {
                Entry entry = CLIENTS.get(i);
                boolean forget = entry.empty && !entry.renewed;
                entry.empty = false;
                if (forget) {
                    entry.registered = false;
                } else {
                    CLIENTS.set(kept++, entry);
                }
            }
            for (int i = before - 1; i >= kept; i--) {
                CLIENTS.remove(i);
            }
            if (kept < before >> 3 && before > 64) {
                CLIENTS.trimToSize(); // a list never shrinks by itself
            }
        } finally {
            LOCK.unlock();
        }
    }

    /** Whether anything is left to look after. */
    private boolean goOn(boolean closersWait) {
        LOCK.lock();
        try {
            if (!CLIENTS.isEmpty() || closersWait) {
                lingering = false;
                return true;
            }
            if (!lingering) {
                lingering = true; // one scope after another should not start one thread after another
                return true;
            }
            current = null; // under LOCK: whoever adds a client next starts a new thread
            return false;
        } finally {
            LOCK.unlock();
        }
    }
}
