package dev.perthread.spark;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import dev.perthread.CloseReport;
import dev.perthread.KeyedPerThread;
import dev.perthread.PerThread;
import dev.perthread.Stats;
import dev.perthread.ref.ReferenceRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.jspecify.annotations.Nullable;

/**
 * A Spark plugin that closes the pools of all references in an executor when the executor shuts down, and has a gauge for
 * each number of {@link Stats} of each pool. Spark loads it by
 * {@code --conf spark.plugins=dev.perthread.spark.PerThreadPlugin}. Without it everything works, but an executor that shuts
 * down drops its connections without closing them.
 *
 * <p>Leases get five seconds to end, also when the process is told to end ({@code SIGTERM}) before Spark has come to its
 * plugins. An executor that is killed closes nothing; the operating system does. In local mode
 * the driver is the executor, and its pools are closed when the {@code SparkContext} stops.
 *
 * <p>The gauges are called {@code plugin.dev.perthread.spark.PerThreadPlugin.ID.NUMBER}, such as {@code redis.open}, and
 * exist from the end of the first task that has used the reference. References with the same id in several class loaders
 * are added up. {@code pools} is the number of all pools.
 *
 * @since 0.1
 */
public final class PerThreadPlugin implements SparkPlugin {
    static final Duration GRACE = Duration.ofSeconds(5);

    private static final Map<String, ToLongFunction<Stats>> NUMBERS = new LinkedHashMap<>();

    static {
        NUMBERS.put("opened", Stats::opened);
        NUMBERS.put("closed", Stats::closed);
        NUMBERS.put("open", Stats::open);
        NUMBERS.put("leased", Stats::leased);
        NUMBERS.put("idle", Stats::idle);
        NUMBERS.put("opening", Stats::opening);
        NUMBERS.put("waiting", Stats::waiting);
        NUMBERS.put("acquired", Stats::acquired);
        NUMBERS.put("waited", Stats::waited);
        NUMBERS.put("openFailures", Stats::openFailures);
        NUMBERS.put("closeFailures", Stats::closeFailures);
        NUMBERS.put("timeouts", Stats::timeouts);
        NUMBERS.put("reclaimed", Stats::reclaimed);
        NUMBERS.put("leaked", Stats::leaked);
    }

    /**
     * For Spark, which makes one in each executor and in the driver.
     *
     * @since 0.1
     */
    public PerThreadPlugin() {}

    /**
     * Returns {@code null}: the driver needs no plugin.
     *
     * @return always {@code null}, as Spark's interface has it for a plugin without a driver part
     * @since 0.1
     */
    @Override
    public @Nullable DriverPlugin driverPlugin() {
        return null;
    }

    /**
     * Returns the part that runs in an executor.
     *
     * @return a new one
     * @since 0.1
     */
    @Override
    public ExecutorPlugin executorPlugin() {
        return new InExecutor();
    }

    private static final class InExecutor implements ExecutorPlugin {
        private final Set<String> metered = ConcurrentHashMap.newKeySet();
        private @Nullable MetricRegistry registry; // set before the first task

        /**
         * Closes also if the process is told to end while Spark stops the executor: then Spark's own hook sees that a thread
         * is stopping it already, waits for nothing, and the process would end before {@link #shutdown} is reached.
         */
        private final Thread atExit = new Thread(this::close, "perthread-spark-exit");

        @Override
        public void init(PluginContext context, Map<String, String> extraConf) {
            MetricRegistry all = context.metricRegistry();
            // Spark takes the registry only if it is not empty by the end of this method.
            all.register(
                    "pools", (Gauge<Integer>) () -> ReferenceRegistry.pools().size()
                            + ReferenceRegistry.keyedPools().size());
            registry = all;
            Runtime.getRuntime().addShutdownHook(atExit);
        }

        @Override
        public void onTaskSucceeded() {
            meter();
        }

        @Override
        public void onTaskFailed(TaskFailedReason reason) {
            meter();
        }

        /** Spark's metrics system also takes gauges that are registered later. */
        private void meter() {
            MetricRegistry all = registry;
            if (all == null) {
                return;
            }
            Stream.concat(
                            ReferenceRegistry.pools().stream().map(PerThread::name),
                            ReferenceRegistry.keyedPools().stream().map(KeyedPerThread::name))
                    .filter(metered::add)
                    .forEach(id -> NUMBERS.forEach((name, number) ->
                            all.register(MetricRegistry.name(id, name), (Gauge<Long>) () -> sum(id, number))));
        }

        private static long sum(String id, ToLongFunction<Stats> number) {
            return Stream.concat(
                            ReferenceRegistry.pools().stream()
                                    .filter(holder -> holder.name().equals(id))
                                    .map(PerThread::stats),
                            ReferenceRegistry.keyedPools().stream()
                                    .filter(holder -> holder.name().equals(id))
                                    .map(KeyedPerThread::stats))
                    .mapToLong(number)
                    .sum();
        }

        @Override
        public void shutdown() {
            close();
            try {
                Runtime.getRuntime().removeShutdownHook(atExit); // a driver in local mode lives on
            } catch (IllegalStateException exiting) {
                // It runs, or has run.
            }
        }

        /** Under a lock, so that the second one that calls it waits until the first one has closed all. */
        private synchronized void close() {
            CloseReport report = ReferenceRegistry.closeAll(GRACE);
            System.Logger log = System.getLogger("dev.perthread.spark");
            for (Throwable failure : report.failures()) {
                log.log(System.Logger.Level.WARNING, "closing a resource failed", failure);
            }
            if (report.forced() > 0) {
                log.log(
                        System.Logger.Level.WARNING,
                        () -> report.forced() + " resources closed while in use, after " + GRACE.toSeconds() + " s");
            }
        }
    }
}
