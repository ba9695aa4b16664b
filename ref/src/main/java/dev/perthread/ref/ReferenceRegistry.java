package dev.perthread.ref;

import dev.perthread.CloseReport;
import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.Stats;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The registry of the pools of all references in this Java virtual machine, for code that ends a process or a class loader
 * and closes the pools there, and for meters. It keeps no class loader in memory.
 *
 * @since 0.1
 */
public final class ReferenceRegistry {
    /**
     * Where a pool is found. Weak at both ends: a pool mostly refers to classes of its class loader, by its opener, so a
     * map that keeps the pool alive would keep the class loader alive, weak key or not. Guarded by {@link #LOCK}.
     */
    private static final Map<ClassLoader, Map<String, WeakReference<SharedPool<?>>>> INDEX = new WeakHashMap<>();

    /**
     * What keeps a pool: a class that the opener needs ({@link SharedPool#anchor}). A class value hangs on the class
     * itself, so pool and class loader keep each other alive and go together.
     */
    private static final ClassValue<Set<SharedPool<?>>> KEPT = new ClassValue<>() {
        @Override
        protected Set<SharedPool<?>> computeValue(Class<?> anchor) {
            return ConcurrentHashMap.newKeySet();
        }
    };

    /** Class loaders that are gone while their pool, all of whose classes are this library's or the JDK's, stayed. */
    private static final ReferenceQueue<ClassLoader> GONE = new ReferenceQueue<>();

    /** The pools whose class loader is gone, not closed yet. */
    private static final Queue<SharedPool<?>> ORPHANS = new ConcurrentLinkedQueue<>();

    private static final ReentrantLock LOCK = new ReentrantLock();

    private ReferenceRegistry() {}

    /** The class loader that a pool is there for. */
    static final class ContextLoader extends WeakReference<ClassLoader> {
        final SharedPool<?> shared;

        ContextLoader(ClassLoader loader, SharedPool<?> shared) {
            super(loader, GONE);
            this.shared = shared;
        }
    }

    static <H> SharedPool<H> resolve(Ref<H> ref, ClassLoader contextLoader) {
        closeOrphans();
        SharedPool<H> found = find(ref, contextLoader);
        if (found != null) {
            return found;
        }
        SharedPool<H> made = ref.make(contextLoader);
        SharedPool<?> first = add(made, contextLoader);
        return first == made ? made : first.requireSame(ref, contextLoader);
    }

    static <H> @Nullable SharedPool<H> find(Ref<H> ref, ClassLoader contextLoader) {
        SharedPool<?> shared;
        LOCK.lock();
        try {
            shared = indexed(ref.id(), contextLoader);
        } finally {
            LOCK.unlock();
        }
        return shared == null ? null : shared.requireSame(ref, contextLoader);
    }

    /** Adds a pool, or returns the one that another thread has added meanwhile; neither has opened anything. */
    private static SharedPool<?> add(SharedPool<?> made, ClassLoader contextLoader) {
        LOCK.lock();
        try {
            SharedPool<?> first = indexed(made.id(), contextLoader);
            if (first != null) {
                return first;
            }
            made.contextLoader = new ContextLoader(contextLoader, made);
            INDEX.computeIfAbsent(contextLoader, loader -> new HashMap<>()).put(made.id(), new WeakReference<>(made));
            KEPT.get(made.anchor()).add(made);
            return made;
        } finally {
            LOCK.unlock();
        }
    }

    private static @Nullable SharedPool<?> indexed(String id, ClassLoader contextLoader) {
        Map<String, WeakReference<SharedPool<?>>> byId = INDEX.get(contextLoader);
        WeakReference<SharedPool<?>> weak = byId == null ? null : byId.get(id);
        return weak == null ? null : weak.get();
    }

    static void forget(SharedPool<?> shared) {
        LOCK.lock();
        try {
            ClassLoader contextLoader = shared.contextLoader == null ? null : shared.contextLoader.get();
            Map<String, WeakReference<SharedPool<?>>> byId = contextLoader == null ? null : INDEX.get(contextLoader);
            if (byId != null) {
                byId.values().removeIf(weak -> weak.refersTo(shared));
                if (byId.isEmpty()) {
                    INDEX.remove(contextLoader);
                }
            }
            KEPT.get(shared.anchor()).remove(shared);
        } finally {
            LOCK.unlock();
        }
    }

    private static void closeOrphans() {
        for (Object gone = GONE.poll(); gone != null; gone = GONE.poll()) {
            ORPHANS.add(((ContextLoader) gone).shared);
        }
        for (SharedPool<?> orphan : List.copyOf(ORPHANS)) {
            // A thread that still has a reference goes on using it, undisturbed by the next user of another one.
            if (!isInUse(orphan.pool().stats()) && ORPHANS.remove(orphan)) {
                report(orphan, orphan.close(Duration.ZERO));
            }
        }
    }

    private static boolean isInUse(Stats now) {
        return now.leased() + now.opening() + now.waiting() > 0;
    }

    private static void report(SharedPool<?> shared, CloseReport report) {
        for (Throwable failure : report.failures()) {
            System.getLogger("dev.perthread.ref")
                    .log(System.Logger.Level.WARNING, () -> shared.id() + ": closing a resource failed", failure);
        }
    }

    /**
     * The pools of all references at this moment, of every class loader, but for those with keys; a pool's name is its
     * reference's id.
     *
     * @return an unmodifiable list
     * @since 0.1
     */
    public static List<PerThread<?, ?>> pools() {
        List<PerThread<?, ?>> pools = new ArrayList<>();
        for (SharedPool<?> shared : all(null)) {
            if (shared.pool() instanceof AnyPool.One one) {
                pools.add(one.pool());
            }
        }
        return List.copyOf(pools);
    }

    /**
     * The pools with keys of all references at this moment, as {@link #pools()} has those without.
     *
     * @return an unmodifiable list
     * @since 0.1
     */
    public static List<KeyedPerThread<?, ?, ?>> keyedPools() {
        List<KeyedPerThread<?, ?, ?>> pools = new ArrayList<>();
        for (SharedPool<?> shared : all(null)) {
            if (shared.pool() instanceof AnyPool.Many<?> many) {
                pools.add(many.pool());
            }
        }
        return List.copyOf(pools);
    }

    /**
     * Closes the pools of all references in this Java virtual machine, and forgets them. They are closed side by side,
     * those of which the calling thread holds a lease by itself, as {@link PerThread#close(Duration)} says.
     *
     * @param grace the longest wait for leases to end, of all pools together; zero forces at once
     * @return what happened, summed up
     * @throws IllegalArgumentException if the grace is negative
     * @since 0.1
     */
    public static CloseReport closeAll(Duration grace) {
        return close(all(null), grace);
    }

    /**
     * Closes the pools that belong to a class loader, and forgets them, side by side. The pools of other class loaders, its
     * parent and its children included, stay open.
     *
     * @param contextLoader the class loader
     * @param grace the longest wait for leases to end, of all pools together; zero forces at once
     * @return what happened, summed up
     * @throws IllegalArgumentException if the grace is negative
     * @since 0.1
     */
    public static CloseReport closeAll(ClassLoader contextLoader, Duration grace) {
        return close(all(Objects.requireNonNull(contextLoader, "contextLoader")), grace);
    }

    private static CloseReport close(List<SharedPool<?>> all, Duration grace) {
        if (grace.isNegative()) {
            throw new IllegalArgumentException("grace must be zero or more, but was " + grace);
        }
        return ParallelClose.close(all, grace);
    }

    private static List<SharedPool<?>> all(@Nullable ClassLoader contextLoader) {
        List<SharedPool<?>> all = new ArrayList<>();
        LOCK.lock();
        try {
            INDEX.forEach((loader, byId) -> {
                if (contextLoader == null || contextLoader == loader) {
                    for (WeakReference<SharedPool<?>> weak : byId.values()) {
                        SharedPool<?> shared = weak.get();
                        if (shared != null) {
                            all.add(shared);
                        }
                    }
                }
            });
        } finally {
            LOCK.unlock();
        }
        return all;
    }
}
