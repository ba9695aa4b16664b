package outside;

import dev.perthread.CloseReason;
import dev.perthread.Closer;
import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.Listener;
import dev.perthread.PerThread;
import dev.perthread.ResourceInfo;
import dev.perthread.ReusePolicy;
import dev.perthread.ThreadStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * An application that notes the context class loader that its closer, its listener and its callback see. Public, because
 * it is loaded by a loader of its own.
 */
public final class SeesItsLoader implements Callable<List<? extends AutoCloseable>> {
    private final Map<String, Object> seen;

    /**
     * Makes one.
     *
     * @param seen takes what was called, and the context class loader in it
     */
    public SeesItsLoader(Map<String, Object> seen) {
        this.seen = seen;
    }

    private void see(String what) {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        seen.put(what, loader == null ? "none" : loader);
    }

    private final class Resource implements AutoCloseable {
        @Override
        public void close() {
            see("default closer");
        }
    }

    private final class Told implements Listener {
        @Override
        public void leaked(ResourceInfo resource) {
            see("leaked");
        }

        @Override
        public void closed(ResourceInfo resource, CloseReason reason) {
            see("closed " + reason);
        }
    }

    /** Leaves something in each for the calling thread, which then ends. */
    @Override
    @SuppressWarnings("MustBeClosedChecker") // that is the point
    public List<? extends AutoCloseable> call() {
        ThreadStore<Object> store = ThreadStore.builder()
                .onRemove((thread, value) -> {
                    see("onRemove");
                    Thread.currentThread().setContextClassLoader(ClassLoader.getSystemClassLoader());
                })
                .build();
        store.set("left");
        PerThread<Resource, RuntimeException> closing = PerThread.<Resource, RuntimeException>builder(Resource::new)
                .whenIdle(IdlePolicy.KEEP)
                .reuse(ReusePolicy.UNLESS_INVALIDATED)
                .build();
        closing.run(resource -> {});
        PerThread<Object, RuntimeException> leaking = PerThread.<Object, RuntimeException>builder(
                        Object::new, Closer.none())
                .closer(resource -> {
                    see("closer");
                    Thread.currentThread().setContextClassLoader(ClassLoader.getSystemClassLoader());
                })
                .listener(new Told())
                .build();
        Lease<Object> leaked = leaking.acquire();
        seen.put("leaked lease", leaked);
        return List.of(store, closing, leaking);
    }
}
