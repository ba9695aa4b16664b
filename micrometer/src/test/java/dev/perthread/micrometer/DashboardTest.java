package dev.perthread.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.perthread.AcquireTimeoutException;
import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** Every query of the Grafana dashboard finds what it asks for in a scrape of a pool that everything has happened to. */
@EnabledForJreRange(
        min = JRE.JAVA_21,
        disabledReason = "the dashboard asks Prometheus, and the meters are PerThreadMetricsTest's")
class DashboardTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private PerThread<Probe, IOException> pool;
    private int calls;

    @BeforeEach
    void buildThePool() {
        LogLines.expect("ended without closing its lease");
        PoolTimers timers = PoolTimers.withUsage();
        pool = PerThread.<Probe, IOException>builder(() -> {
                    if (++calls % 3 == 0) {
                        throw new IOException("no route");
                    }
                    return new Probe();
                })
                .closer(probe -> {
                    probe.close();
                    throw new IOException("reset");
                })
                .name("orders")
                .whenIdle(IdlePolicy.LEND)
                .limit(1)
                .listener(timers)
                .build();
        PerThreadMetrics.create().watch(pool, timers).bindTo(registry);
    }

    @AfterEach
    void closeThePool() {
        pool.close(Duration.ZERO);
    }

    /** A wait, a lease, a timeout, a leak, and a failure now and then. */
    private void work() throws Exception {
        try {
            pool.run(probe -> ThreadKind.PLATFORM.call(() -> {
                try {
                    return pool.acquire(Duration.ofMillis(1));
                } catch (AcquireTimeoutException expected) {
                    return null;
                }
            }));
            pool.evictIdle();
            ThreadKind.PLATFORM.call(pool::acquire);
            pool.run(Probe::use);
        } catch (Exception expected) {
            assertThat(expected).hasMessageContaining("no route");
        }
    }

    private static List<String> queries() throws IOException {
        List<String> queries = new ArrayList<>();
        for (JsonNode panel : dashboard().get("panels")) {
            assertThat(panel.get("title").asText()).isNotBlank();
            panel.get("targets")
                    .forEach(target -> queries.add(target.get("expr").asText()));
        }
        assertThat(queries).hasSizeGreaterThan(20);
        return queries;
    }

    private static JsonNode dashboard() throws IOException {
        return JSON.readTree(Path.of("grafana", "perthread.json").toFile());
    }

    /** As Grafana does before it sends them. */
    private static String rendered(String query) {
        String rendered = query.replace("$pool", "orders")
                .replace("$instance", ".*")
                .replace("$__rate_interval", "5s")
                .replace("[1h]", "[1m]");
        assertThat(rendered).doesNotContain("$");
        return rendered;
    }

    @Test
    void queries_askForWhatAScrapeHas() throws Exception {
        for (int i = 0; i < 4; i++) {
            work();
        }
        String scrape = registry.scrape();
        Set<String> metrics = new LinkedHashSet<>();
        Set<String> labels = new LinkedHashSet<>(List.of("instance")); // Prometheus itself adds it
        scrape.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            metrics.add(line.substring(0, line.indexOf('{')));
            Matcher label = Pattern.compile("[{,](\\w+)=").matcher(line);
            while (label.find()) {
                labels.add(label.group(1));
            }
        });
        Set<String> asked = new LinkedHashSet<>();
        for (String query : queries()) {
            Matcher metric = Pattern.compile("perthread_\\w+").matcher(query);
            while (metric.find()) {
                asked.add(metric.group());
                assertThat(metrics).as(query).contains(metric.group());
            }
            Matcher by = Pattern.compile("by \\(([^)]*)\\)").matcher(query);
            while (by.find()) {
                assertThat(labels).as(query).contains(by.group(1).split(", "));
            }
            Matcher matched = Pattern.compile("(\\w+)=~").matcher(query);
            while (matched.find()) {
                assertThat(labels).as(query).contains(matched.group(1));
            }
        }
        assertThat(metrics).as("what is measured is shown").isEqualTo(asked);
    }

    private static Optional<Path> prometheus() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(path -> Path.of(path, "prometheus"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static boolean isThereAPrometheus() {
        return prometheus().isPresent();
    }

    @Test
    @EnabledIf(value = "isThereAPrometheus", disabledReason = "no prometheus on the PATH")
    void prometheus_answersEveryQueryWithANumber(@TempDir Path folder) throws Exception {
        HttpServer site = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        site.createContext("/metrics", exchange -> {
            byte[] page = registry.scrape().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/plain; version=0.0.4");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        site.start();
        Path config = Files.writeString(
                folder.resolve("prometheus.yml"),
                String.join(
                        "\n",
                        "global: {scrape_interval: 500ms, scrape_timeout: 500ms}",
                        "scrape_configs:",
                        "  - job_name: perthread",
                        "    static_configs:",
                        "      - targets: ['127.0.0.1:" + site.getAddress().getPort() + "']",
                        ""));
        int port = FreePort.next();
        Process process = new ProcessBuilder(
                        prometheus().orElseThrow().toString(),
                        "--config.file=" + config,
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("prometheus.log").toFile())
                .start();
        try {
            List<String> unanswered = new ArrayList<>(queries());
            Awaitility.await()
                    .pollInSameThread()
                    .pollInterval(Duration.ofMillis(200))
                    .atMost(Duration.ofSeconds(90))
                    .until(() -> {
                        work();
                        unanswered.removeIf(query -> isAnswered(port, query));
                        return unanswered.isEmpty();
                    });
        } finally {
            process.destroy();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            site.stop(0);
        }
    }

    /** Whether there is a number for the pool, and not that nothing was divided by nothing. */
    private static boolean isAnswered(int port, String query) {
        try {
            HttpURLConnection connection = (HttpURLConnection) URI.create("http://127.0.0.1:" + port
                            + "/api/v1/query?query=" + URLEncoder.encode(rendered(query), StandardCharsets.UTF_8))
                    .toURL()
                    .openConnection();
            connection.setRequestProperty("Connection", "close");
            if (connection.getResponseCode() >= 400) {
                String said = new String(connection.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(connection.getResponseCode()).as(query + ": " + said).isEqualTo(503); // still starting
                return false;
            }
            JsonNode answer = JSON.readTree(connection.getInputStream().readAllBytes());
            for (JsonNode series : answer.at("/data/result")) {
                assertThat(series.at("/metric/pool").asText()).isEqualTo("orders");
                if (Double.isFinite(Double.parseDouble(series.at("/value/1").asText()))) {
                    return true;
                }
            }
            return false;
        } catch (IOException notUpYet) {
            return false;
        }
    }
}
