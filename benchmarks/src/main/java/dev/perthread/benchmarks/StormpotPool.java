package dev.perthread.benchmarks;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import stormpot.Allocator;
import stormpot.BasePoolable;
import stormpot.Completion;
import stormpot.Expiration;
import stormpot.Slot;
import stormpot.Timeout;

/**
 * Stormpot 3 on Java 17 and Stormpot 4 on Java 21 and later, behind one interface. Types changed from classes to
 * interfaces between the two, so the calls on what differs are made through constant method handles, which compile to
 * plain calls; the jar has Stormpot 4 in its Java 21 layer.
 */
final class StormpotPool implements AutoCloseable {

    /** Pooled. */
    static final class Resource extends BasePoolable {
        Resource(Slot slot) {
            super(slot);
        }
    }

    private static final Timeout PATIENCE = new Timeout(2, TimeUnit.MINUTES);
    private static final MethodHandle CLAIM = claimHandle();

    private final Object pool;
    private final Object tap; // what is claimed from

    private static MethodHandle claimHandle() {
        try {
            Class<?> tap = Class.forName("stormpot.PoolTap");
            return MethodHandles.publicLookup()
                    .unreflect(tap.getMethod("claim", Timeout.class))
                    .asType(MethodType.methodType(Object.class, Object.class, Timeout.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Waits until all are allocated: that happens in the background. */
    StormpotPool(int size, Expiration<Resource> expiration, boolean virtual) {
        Allocator<Resource> allocator = new Allocator<>() {
            @Override
            public Resource allocate(Slot slot) {
                return new Resource(slot);
            }

            @Override
            public void deallocate(Resource resource) {}
        };
        Object builder = call("stormpot.Pool", null, "from", allocator);
        call("stormpot.PoolBuilder", builder, "setSize", size);
        if (expiration != null) {
            call("stormpot.PoolBuilder", builder, "setExpiration", expiration);
        }
        pool = call("stormpot.PoolBuilder", builder, "build");
        // Its documentation has a tap for threads that should not get thread-locals.
        tap = virtual ? call("stormpot.Pool", pool, "getVirtualThreadSafeTap") : pool;
        Resource[] all = new Resource[size];
        Arrays.setAll(all, i -> claim());
        for (Resource one : all) {
            one.release();
        }
    }

    private static Object call(String type, Object target, String name, Object... args) {
        try {
            for (Method method : Class.forName(type).getMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == args.length) {
                    return method.invoke(target, args);
                }
            }
            throw new NoSuchMethodException(type + "." + name);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    Resource claim() {
        try {
            return (Resource) (Object) CLAIM.invokeExact(tap, PATIENCE);
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Override
    public void close() throws InterruptedException {
        ((Completion) call("stormpot.Pool", pool, "shutdown")).await(PATIENCE);
    }
}
