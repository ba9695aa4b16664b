package dev.perthread.benchmarks;

import dev.perthread.IdlePolicy;
import dev.perthread.Lease;
import dev.perthread.PerThread;
import dev.perthread.ReusePolicy;
import dev.perthread.micrometer.PerThreadMetrics;
import dev.perthread.micrometer.PoolTimers;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of being observed: a lease on a kept resource, with and without Flight Recorder, listeners and meters.
 * Nothing is opened or closed meanwhile.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(4)
public class ObservationBenchmark {
    /** Who looks. */
    public enum Observer {
        /** Nobody. */
        NOBODY,
        /** A recording with the settings "default". */
        RECORDING,
        /** With perthread.jfc as well: every lease. */
        RECORDING_LEASES,
        /** Meters in a Prometheus registry, and their listener. */
        METERS,
        /** The same with the timer of every lease. */
        METERS_WITH_USAGE
    }

    @Param
    private Observer observer = Observer.NOBODY;

    private PerThread<StringBuilder, RuntimeException> holder;
    private @Nullable Recording recording;
    private @Nullable PrometheusMeterRegistry registry;

    /** Starts the observer, and the holder that it looks at. */
    @Setup(Level.Trial)
    public void open() throws IOException, ParseException {
        PerThread.Builder<StringBuilder, RuntimeException> builder = PerThread.<StringBuilder, RuntimeException>builder(
                        StringBuilder::new, resource -> resource.setLength(0))
                .whenIdle(IdlePolicy.KEEP)
                .reuse(ReusePolicy.UNLESS_INVALIDATED);
        switch (observer) {
            case NOBODY -> holder = builder.build();
            case RECORDING, RECORDING_LEASES -> {
                recording = new Recording(Configuration.getConfiguration("default"));
                recording.start();
                holder = builder.build();
                if (observer == Observer.RECORDING_LEASES) {
                    recording.setSettings(leases());
                }
            }
            case METERS, METERS_WITH_USAGE -> {
                PoolTimers timers = observer == Observer.METERS ? PoolTimers.create() : PoolTimers.withUsage();
                registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
                holder = builder.listener(timers).build();
                PerThreadMetrics.create().watch(holder, timers).bindTo(registry);
            }
        }
    }

    private static Map<String, String> leases() throws IOException, ParseException {
        try (Reader settings = new InputStreamReader(
                PerThread.class.getResourceAsStream("/META-INF/perthread.jfc"), StandardCharsets.UTF_8)) {
            Map<String, String> both =
                    new HashMap<>(Configuration.getConfiguration("default").getSettings());
            both.putAll(Configuration.create(settings).getSettings());
            return both;
        }
    }

    /** One lease. */
    @Benchmark
    public int lease() {
        try (Lease<StringBuilder> lease = holder.acquire()) {
            return lease.get().length();
        }
    }

    /** Ends what {@link #open} began. */
    @TearDown(Level.Trial)
    public void close() {
        holder.close();
        if (recording != null) {
            recording.close();
        }
        if (registry != null) {
            registry.close();
        }
    }
}
