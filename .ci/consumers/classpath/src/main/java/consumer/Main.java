package consumer;

import dev.perthread.PerThread;
import dev.perthread.micrometer.PerThreadMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;

/** A pool with meters. */
final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (PerThread<InputStream, IOException> pool =
                PerThread.<InputStream, IOException>builder(InputStream::nullInputStream).name("streams").build()) {
            PerThreadMetrics.create().watch(pool).bindTo(registry);
            pool.run(InputStream::read);
            System.out.println("opened " + pool.stats().opened() + (registry.getMeters().isEmpty() ? "" : ", with meters"));
        }
        registry.close();
    }
}
