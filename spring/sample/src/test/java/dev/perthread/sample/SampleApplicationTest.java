package dev.perthread.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.Stats;
import dev.perthread.net.LazyConnection;
import dev.perthread.testkit.Actor;
import dev.perthread.testkit.FreePort;
import dev.perthread.testkit.ThreadKind;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** The application under load, with its server restarted. */
class SampleApplicationTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";
    private static final int CLIENTS = 50;
    private static final int LIMIT = 8; // application.properties

    /** Tomcat logs its start here, in the one log that tests watch; kept, or the level would be collected. */
    private static final Logger TOMCAT = Logger.getLogger("org.apache");

    private OrdersServer server;
    private ConfigurableApplicationContext context;
    private Browser browser;

    @BeforeEach
    void start() throws Exception {
        TOMCAT.setLevel(Level.WARNING);
        server = new OrdersServer(FreePort.next());
        SpringApplication application = new SpringApplicationBuilder(SampleApplication.class)
                .web(WebApplicationType.SERVLET)
                .registerShutdownHook(false)
                .build();
        context = application.run(
                "--server.port=0",
                "--orders.port=" + server.port(),
                "--spring.main.banner-mode=off",
                "--logging.level.root=warn");
        browser = new Browser(Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port")));
    }

    @AfterEach
    void stop() throws Exception {
        browser.close();
        context.close();
        server.close();
    }

    /** Returns how many failed. */
    private int ask(ThreadKind kind, int requests, String label, Runnable inTheMiddle) throws Exception {
        AtomicInteger failed = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        kind.inParallel(CLIENTS, client -> {
            for (int i = 0; i < requests / CLIENTS; i++) {
                String id = label + client + "-" + i;
                Browser.Answer answer = browser.get("/orders/" + id);
                if (answer.status() == 200) {
                    assertThat(answer.body()).isEqualTo("order " + id);
                } else {
                    assertThat(answer.status()).isEqualTo(503);
                    failed.incrementAndGet();
                }
                if (done.incrementAndGet() == requests / 2) {
                    inTheMiddle.run();
                }
            }
        });
        assertThat(done).hasValue(requests);
        return failed.get();
    }

    private Stats stats() {
        return context.getBean("orders", LazyConnection.class).holder().stats();
    }

    private double meter(String name) {
        return context.getBean(MeterRegistry.class)
                .get("perthread.resources" + name)
                .tag("pool", "orders")
                .meter()
                .measure()
                .iterator()
                .next()
                .getValue();
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void requests_shareTheLimit_andFailOnlyWhileTheServerIsDown(ThreadKind kind) throws Exception {
        assertThat(ask(kind, 500, "before", () -> {})).isZero();
        assertThat(server.mostOpen()).isBetween(1, LIMIT);
        assertThat(server.answered()).isEqualTo(500);
        assertThat(browser.get("/actuator/health").status()).isEqualTo(200);

        server.close();
        assertThat(browser.get("/orders/none").status()).isEqualTo(503);
        Browser.Answer down = browser.get("/actuator/health");
        assertThat(down.status()).isEqualTo(503);
        assertThat(down.body())
                .contains("\"status\":\"DOWN\"", "\"since\":\"20", "ConnectException", String.valueOf(server.port()));

        server = new OrdersServer(server.port());
        assertThat(browser.get("/actuator/health").status()).isEqualTo(200); // without any other request
        int failed = ask(kind, 1_000, "during", this::restart);
        assertThat(failed).isLessThanOrEqualTo(CLIENTS + LIMIT); // each client's one at most, and those on their way

        assertThat(ask(kind, 500, "after", () -> {})).isZero();
        assertThat(server.mostOpen()).isBetween(1, LIMIT);
        assertThat(browser.get("/actuator/health").status()).isEqualTo(200);

        Stats stats = stats();
        assertThat(stats.acquired()).isGreaterThanOrEqualTo(2_000 - failed);
        assertThat(meter(".acquired")).isEqualTo((double) stats.acquired());
        assertThat(meter(".opened")).isEqualTo((double) stats.opened());
        assertThat(meter(".creation.failed"))
                .isEqualTo((double) stats.openFailures())
                .isPositive();
        assertThat(meter(".max")).isEqualTo(LIMIT);
        assertThat(browser.get("/actuator/metrics/perthread.resources.acquired").body())
                .contains("\"pool\"", "orders");
    }

    private void restart() {
        try {
            server.close();
            server = new OrdersServer(server.port());
        } catch (java.io.IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void endpoint_showsWhatIsOpen_andRefreshesIt(ThreadKind kind) throws Exception {
        assertThat(ask(kind, 100, "x", () -> {})).isZero();
        Browser.Answer all = browser.get("/actuator/perthread");
        assertThat(all.status()).isEqualTo(200);
        assertThat(all.body())
                .contains("\"orders\":{", "\"limit\":8", "\"acquired\":100", "\"state\":\"IDLE\"", "\"openedAt\":\"20");
        assertThat(browser.get("/actuator/perthread/orders").body()).startsWith("{\"name\":\"orders\"");
        assertThat(browser.get("/actuator/perthread/nothing").status()).isEqualTo(404);
        assertThat(browser.post("/actuator/perthread/nothing").status()).isEqualTo(204); // nothing done

        int idle = stats().idle();
        assertThat(idle).isPositive();
        assertThat(browser.post("/actuator/perthread/orders").body()).isEqualTo("{\"refreshed\":" + idle + "}");
        assertThat(stats().open()).isZero();
        Actor.until(() -> server.open() == 0);
        assertThat(browser.post("/actuator/perthread").body()).isEqualTo("{\"refreshed\":0}");
        assertThat(browser.get("/orders/7").body()).isEqualTo("order 7");
    }
}
