package travel;

import dev.perthread.ref.LazyConnectionRef;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.Probe;
import java.io.IOException;
import java.io.Serializable;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.Callable;

/** An opener that captures a proxy and another reference. */
public final class Capturing implements Callable<PerThreadRef<Probe, IOException>> {

    /** What the proxy is for. */
    public interface Named {
        String name();
    }

    private static final class Answering implements InvocationHandler, Serializable {
        private static final long serialVersionUID = 1;

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) {
            return "captured";
        }
    }

    @Override
    public PerThreadRef<Probe, IOException> call() {
        Named named = (Named)
                Proxy.newProxyInstance(Named.class.getClassLoader(), new Class<?>[] {Named.class}, new Answering());
        LazyConnectionRef inner = LazyConnectionRef.to("inner", "tcp://127.0.0.1:1");
        return PerThreadRef.of("outer", () -> {
            if (inner.holder().stats().open() > 0 || !named.name().equals("captured")) {
                throw new IOException("not as captured");
            }
            return new Probe();
        });
    }
}
