package dev.perthread;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A container with one value per thread behind one shared object. Each thread sets, gets and removes its own; the values of all threads can
 * be seen with {@link #forEach}; a value left by an ended thread is dropped within a second, with no garbage
 * collection needed.
 *
 * {@snippet file="example/ExamplesTest.java" region="store"}
 *
 * <p>Unlike {@link ThreadLocal} the values live in the store and not in the thread: a store that is dropped is collected
 * with all its values, also where a value refers to its store, and no library can erase them behind its user's back (the
 * JDK clears the thread-locals of its common pool between tasks). Child threads inherit nothing. Threads are compared
 * by identity; nothing is allocated for a thread that never had a value.
 *
 * <p>Safe for use by any number of threads, platform and virtual. What a thread did before {@link #set} happens-before
 * what another thread does with that value in {@link #forEach} or a removal callback.
 *
 * @param <V> the values, never {@code null}
 * @since 0.1
 */
public final class ThreadStore<V> extends ThreadTable<ThreadStore.Cell<V>> implements AutoCloseable {
    // Is a table, and does not have one: get() is two loads away from ThreadLocal.get(), and this would be a third.

    private final @Nullable Supplier<? extends V> initial;
    private final @Nullable BiConsumer<? super Thread, ? super V> onRemove;
    private final ReentrantLock lock = new SpinThenParkLock(); // held for table upkeep only, never over user code
    private final Reaper.Client client = this::sweep; // which the reaper itself knows weakly
    private final Reaper.Entry reaperEntry = new Reaper.Entry(client);
    private boolean registered; // the reaper knows this store; false may be said too often; guarded by lock
    private volatile boolean closed; // written under lock

    private ThreadStore(Builder<V> builder) {
        this.initial = builder.initial;
        this.onRemove = builder.onRemove;
    }

    /**
     * A thread's value; {@code null} while the initializer runs, or once it is removed. The owner, and whoever closes the
     * store or finds the owner dead, gets rid of it by a swap, so that exactly one of them has it and calls back.
     */
    static final class Cell<V> extends ThreadTable.Entry {
        boolean initializing; // owner only

        Cell(Thread owner) {
            super(owner);
        }

        @SuppressWarnings("unchecked") // nothing else is put in
        @Nullable
        V present() {
            return (V) read();
        }

        @SuppressWarnings("unchecked")
        @Nullable
        V replace(@Nullable V next) {
            return (V) swap(next);
        }
    }

    /**
     * Makes a store without initial values: {@link #get} throws until the thread has called {@link #set}.
     *
     * @param <V> the values
     * @return an empty store
     */
    public static <V> ThreadStore<V> create() {
        return ThreadStore.<V>builder().build();
    }

    /**
     * Makes a store whose {@link #get} makes the value of a thread that has none.
     *
     * @param <V> the values
     * @param initial called by the getting thread, with no lock held; must not return {@code null}
     * @return an empty store
     */
    public static <V> ThreadStore<V> withInitial(Supplier<? extends V> initial) {
        return ThreadStore.<V>builder().initial(initial).build();
    }

    /**
     * Starts a store with options.
     *
     * @param <V> the values
     * @return a builder without initial value and without callback
     */
    public static <V> Builder<V> builder() {
        return new Builder<>();
    }

    /**
     * The calling thread's value. If it has none, the initial value is made, once for this thread; if making it fails,
     * the failure goes on to the caller and the next call tries again.
     *
     * @return the value
     * @throws NoSuchElementException if the thread has no value and the store no initial one
     * @throws IllegalStateException if the store is closed, or if the initializer itself calls {@code get}
     * @throws NullPointerException if the initializer returns {@code null}
     */
    public V get() {
        ThreadTable.Entry cell = entryOf(Thread.currentThread());
        if (cell != null) {
            @SuppressWarnings("unchecked") // nothing else is put in
            V value = (V) cell.read();
            if (value != null) {
                return value;
            }
        }
        return makeInitial();
    }

    private V makeInitial() {
        StackProbe.touch();
        Thread thread = Thread.currentThread();
        if (initial != null) {
            return make(thread, initial::get);
        }
        refuseIfInitializing(entryOf(thread), thread);
        refuseIfClosed();
        throw new NoSuchElementException(
                "no value set in " + Messages.of(thread) + ", and the store has no initial one");
    }

    /**
     * The calling thread's value. If it has none, the supplier makes it, in place of the store's initializer.
     *
     * @param supplier called by this thread, with no lock held; must not return {@code null}; what it throws arrives here
     * @return the value that was there, or else the one that the supplier made
     * @throws IllegalStateException if the store is closed, or if the supplier itself asks this store for a value to be made
     * @throws NullPointerException if the supplier is {@code null}, or returns {@code null}
     * @since 0.1
     */
    public V getOrSet(Supplier<? extends V> supplier) {
        Objects.requireNonNull(supplier, "supplier");
        V present = present();
        return present == null ? this.<RuntimeException>getOrOpen(supplier::get) : present;
    }

    /**
     * The calling thread's value. If it has none, the opener makes it, in place of the store's initializer. As
     * {@link #getOrSet}, for values whose making may throw a checked exception: it arrives as itself.
     *
     * @param <X> what the opener may throw
     * @param opener called by the calling thread if it has no value, with no lock held; must not return {@code null}
     * @return the value that was there, or else the one that the opener made
     * @throws X what the opener threw; the thread has no value then
     * @throws IllegalStateException if the store is closed, or if the opener itself asks this store for a value to be made
     * @throws NullPointerException if the opener is {@code null}, or returns {@code null}
     * @since 0.1
     */
    public <X extends Exception> V getOrOpen(Opener<? extends V, ? extends X> opener) throws X {
        Objects.requireNonNull(opener, "opener");
        V present = present();
        if (present != null) {
            return present;
        }
        StackProbe.touch();
        return make(Thread.currentThread(), opener);
    }

    private @Nullable V present() {
        Cell<V> cell = entryOf(Thread.currentThread());
        return cell == null ? null : cell.present();
    }

    private void refuseIfInitializing(@Nullable Cell<V> cell, Thread thread) {
        if (cell != null && cell.initializing) {
            throw new IllegalStateException("the initializer of this ThreadStore calls get() of the same store, in "
                    + Messages.of(thread) + ": it would call itself for ever");
        }
    }

    private <X extends Exception> V make(Thread thread, Opener<? extends V, ? extends X> opener) throws X {
        refuseIfInitializing(entryOf(thread), thread);
        Cell<V> cell = insert(thread);
        cell.initializing = true;
        V value;
        try {
            value = Objects.requireNonNull(opener.open(), "the initializer of this ThreadStore returned null");
        } catch (Throwable failure) {
            cell.initializing = false;
            dropIfEmpty(cell, thread);
            throw failure;
        }
        cell.initializing = false;
        V replaced;
        try {
            replaced = insertAndSwap(thread, value);
        } catch (Throwable closedMeanwhile) { // or no memory
            callBack(thread, value); // it was made for this store, and nobody else knows of it
            throw closedMeanwhile;
        }
        if (replaced != null && replaced != value) {
            callBack(thread, replaced);
        }
        return value;
    }

    /**
     * The calling thread's value, if it has one. Never makes one.
     *
     * @return the value or empty; empty too when the store is closed
     */
    public Optional<V> find() {
        return Optional.ofNullable(present());
    }

    /**
     * Whether the calling thread has a value. Never makes one.
     *
     * @return {@code true} if {@link #find} would find one
     */
    public boolean isSet() {
        return find().isPresent();
    }

    /**
     * Sets the calling thread's value. Another value that was there is removed, with a callback.
     *
     * @param value the value, not {@code null}
     * @throws IllegalStateException if the store is closed; the value is then not taken and gets no callback
     */
    public void set(V value) {
        Objects.requireNonNull(value, "value");
        StackProbe.touch();
        Thread thread = Thread.currentThread();
        V replaced = insertAndSwap(thread, value);
        if (replaced != null && replaced != value) {
            callBack(thread, replaced);
        }
    }

    /**
     * Sets the calling thread's value, and hands back the one that was there. That one is the caller's from then on and
     * gets no callback, unlike a value that {@link #set} replaces or {@link #remove} removes.
     *
     * @param value the value, not {@code null}
     * @return the value that was there, or empty
     * @throws IllegalStateException if the store is closed; the value is then not taken and gets no callback
     * @since 0.1
     */
    public Optional<V> getAndSet(V value) {
        Objects.requireNonNull(value, "value");
        StackProbe.touch();
        Thread thread = Thread.currentThread();
        V replaced = insertAndSwap(thread, value);
        try {
            return Optional.ofNullable(replaced);
        } catch (OutOfMemoryError noMemory) {
            if (replaced != null && replaced != value) {
                callBack(thread, replaced); // nobody else has it now
            }
            throw noMemory;
        }
    }

    /**
     * Removes the calling thread's value, with a callback.
     *
     * @return the value that was there, or empty
     */
    public Optional<V> remove() {
        Thread thread = Thread.currentThread();
        Cell<V> cell = entryOf(thread);
        if (cell == null) {
            return Optional.empty();
        }
        StackProbe.touch();
        V removed = cell.replace(null);
        dropIfEmpty(cell, thread);
        if (removed != null) {
            callBack(thread, removed);
        }
        return Optional.ofNullable(removed);
    }

    /**
     * Shows the values of all threads to {@code action}: those present when it is called, less those removed meanwhile.
     * No lock is held; the action may use the store. Another thread's value may be in use by that thread at the same time.
     *
     * @param action takes a thread and its value; what it throws ends the iteration and goes on to the caller
     */
    public void forEach(BiConsumer<? super Thread, ? super V> action) {
        Objects.requireNonNull(action, "action");
        for (Cell<V> cell : cells()) {
            Thread thread = cell.thread;
            V value = cell.present();
            if (thread != null && value != null) {
                action.accept(thread, value);
            }
        }
    }

    /**
     * The number of threads that have a value. A thread that has ended counts until its value is dropped.
     *
     * @return zero or more
     */
    public int size() {
        int size = 0;
        for (Cell<V> cell : cells()) {
            if (cell.present() != null) {
                size++;
            }
        }
        return size;
    }

    /**
     * Removes the values of all threads, with a callback for each, by the calling thread. The store can be used as before;
     * what is set meanwhile may be removed or stay.
     *
     * @throws RuntimeException what the first failing callback threw, once all were called; the others are suppressed
     * @since 0.1
     */
    public void clear() {
        StackProbe.touch();
        dropAll();
    }

    /**
     * Removes the values of all threads, with a callback for each, and refuses new ones. Does nothing the second time.
     *
     * @throws RuntimeException what the first failing callback threw, once all were called; the others are suppressed
     */
    @Override
    public void close() {
        StackProbe.touch();
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        dropAll();
    }

    private void dropAll() {
        Throwable failure = null;
        for (Cell<V> cell : cells()) {
            failure = drop(cell, failure);
        }
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw (RuntimeException) failure; // a BiConsumer throws nothing else
        }
    }

    /** Takes a value away from outside its thread; one failing callback does not keep the others from being called. */
    private @Nullable Throwable drop(Cell<V> cell, @Nullable Throwable earlier) {
        Thread thread = cell.thread;
        V value = cell.replace(null);
        if (thread == null) {
            return earlier;
        }
        dropIfEmpty(cell, thread);
        if (value != null) {
            try {
                callBack(thread, value);
            } catch (Throwable failure) {
                if (earlier == null) {
                    return failure;
                }
                if (failure != earlier) {
                    earlier.addSuppressed(failure);
                }
            }
        }
        return earlier;
    }

    private void callBack(Thread thread, V value) {
        if (onRemove != null) {
            boolean entered = ContextLoader.enter(onRemove); // where this is a thread of the library
            try {
                onRemove.accept(thread, value);
            } finally {
                ContextLoader.leave(entered);
            }
        }
    }

    private Cell<V> insert(Thread thread) {
        boolean known;
        Cell<V> cell;
        lock.lock();
        try {
            refuseIfClosed();
            cell = entryOf(thread);
            if (cell == null) {
                cell = new Cell<>(thread);
                put(cell);
            }
            known = registered;
        } finally {
            lock.unlock();
        }
        try {
            Reaper.opened(known ? null : reaperEntry);
        } catch (Throwable noMemory) {
            dropIfEmpty(cell, thread);
            throw noMemory;
        }
        return cell;
    }

    private @Nullable V insertAndSwap(Thread thread, V value) {
        Cell<V> cell = entryOf(thread);
        if (cell == null) {
            cell = insert(thread);
        }
        V replaced;
        lock.lock();
        try {
            // Under the lock, so that close() either finds the value or makes this call fail.
            refuseIfClosed();
            replaced = cell.replace(value);
            // Only here, for who comes next relies on it: insert() has told the reaper, and while the cell is there the
            // reaper cannot have forgotten the store.
            registered = true;
        } finally {
            lock.unlock();
        }
        return replaced;
    }

    private void refuseIfClosed() {
        if (closed) {
            throw new IllegalStateException("this ThreadStore is closed");
        }
    }

    private void dropIfEmpty(Cell<V> cell, Thread thread) {
        lock.lock();
        try {
            if (cell.present() == null && !cell.initializing && entryOf(thread) == cell) {
                takeOut(thread);
            }
        } finally {
            lock.unlock();
        }
    }

    private List<Cell<V>> cells() {
        StackProbe.touch();
        lock.lock();
        try {
            return entries();
        } finally {
            lock.unlock();
        }
    }

    /** One round of the reaper. */
    long sweep(Consumer<Thread> owners) {
        List<Cell<V>> all;
        lock.lock();
        try {
            all = entries();
            if (all.isEmpty()) {
                registered = false;
                return Reaper.NOTHING_OPEN;
            }
        } finally {
            lock.unlock();
        }
        for (Cell<V> cell : all) {
            Thread thread = cell.thread;
            if (thread != null && thread.isAlive()) {
                owners.accept(thread);
            } else if (thread != null) {
                bury(cell, thread);
            }
        }
        return Reaper.NO_HURRY;
    }

    private void bury(Cell<V> cell, Thread dead) {
        AtomicReference<@Nullable V> left = new AtomicReference<>();
        // Made before the value is taken out: who has taken it must call back, with memory or without.
        Runnable task = CloserExecutor.once(() -> {
            try {
                V value = left.get();
                if (value != null) {
                    callBack(dead, value);
                }
            } catch (Throwable failure) {
                Log.line(Level.DEBUG, "a removal callback failed for a thread that has ended", failure);
            }
        });
        left.set(cell.replace(null));
        dropIfEmpty(cell, dead);
        if (left.get() != null && onRemove != null) {
            CloserExecutor.run(this, task);
        }
    }

    /**
     * Options of a store.
     *
     * @param <V> the values
     */
    public static final class Builder<V> {
        private @Nullable Supplier<? extends V> initial;
        private @Nullable BiConsumer<? super Thread, ? super V> onRemove;

        private Builder() {}

        /**
         * How {@link ThreadStore#get} makes the value of a thread that has none.
         *
         * @param initial called by the getting thread, with no lock held; must not return {@code null}
         * @return this
         */
        public Builder<V> initial(Supplier<? extends V> initial) {
            this.initial = Objects.requireNonNull(initial, "initial");
            return this;
        }

        /**
         * Called once for each value that leaves the store: removed or replaced by its thread (and then called by that
         * thread), left by a thread that has ended (called by a thread of the library within a second), or present when
         * the store is cleared or closed (called by the thread that does so). Not called for a value that
         * {@link ThreadStore#getAndSet} hands back. With no lock held.
         *
         * @param onRemove takes the thread that the value belonged to, and the value. What it throws goes on to the
         *     caller of {@code remove}, {@code set}, {@code clear} or {@code close}; after the end of a thread it is logged at DEBUG
         * @return this
         */
        public Builder<V> onRemove(BiConsumer<? super Thread, ? super V> onRemove) {
            this.onRemove = Objects.requireNonNull(onRemove, "onRemove");
            return this;
        }

        /**
         * Makes the store.
         *
         * @return an empty store
         */
        public ThreadStore<V> build() {
            return new ThreadStore<>(this);
        }
    }
}
