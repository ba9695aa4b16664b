package dev.perthread.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Application;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.ThreadKind;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections of an application that was stopped without close are closed as its threads end, and no class is loaded for it. */
class StoppedApplicationTest {
    private static final String ALL = "dev.perthread.net.Wire#onAllThreads";

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource(ALL)
    void idleConnection_mustBeClosed_andNoClassAskedFor_whenItsThreadEnds(Wire wire, ThreadKind kind) throws Exception {
        try (TestServer server = wire.server(TestServer.ECHO);
                Application application = new Application(true)) {
            try (Actor user = new Actor(kind)) {
                stopped(application, user, place(wire, server), true, () -> {});
            }
            Actor.until(() -> server.open() == 0);
            assertThat(application.refused()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void connectionInUse_mustBeClosed_andNoClassAskedFor_whenItsThreadEnds(Wire wire, ThreadKind kind)
            throws Exception {
        LogLines.expect("ended without closing its lease");
        try (TestServer server = wire.server(TestServer.ECHO);
                Application application = new Application(true)) {
            try (Actor user = new Actor(kind)) {
                stopped(application, user, place(wire, server), false, () -> {});
            }
            Actor.until(() -> server.open() == 0);
            assertThat(application.refused()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void idleConnection_mustBeChecked_andNoClassAskedFor_whileItsThreadLives(Wire wire, ThreadKind kind)
            throws Exception {
        try (TestServer server = wire.server(TestServer.ECHO);
                Application application = new Application(true)) {
            AtomicInteger checks = new AtomicInteger();
            try (Actor user = new Actor(kind)) {
                stopped(application, user, place(wire, server), true, checks::incrementAndGet);
                int before = checks.get();
                Actor.until(
                        () -> checks.get() > before || !application.refused().isEmpty());
                assertThat(application.refused()).isEmpty();
                assertThat(server.open()).isEqualTo(1);
            }
            Actor.until(() -> server.open() == 0);
        }
    }

    /** Has a thread use a connection that is then idle, or that it is still using, and stops the application. */
    private static void stopped(Application application, Actor user, String place, boolean idle, Runnable check)
            throws Exception {
        BiFunction<String, Runnable, AutoCloseable> client = client(application);
        user.call(() -> {
            AutoCloseable connection = client.apply(place, check);
            if (idle) {
                connection.close();
            }
            return null;
        });
        application.stop();
    }

    @SuppressWarnings("unchecked")
    private static BiFunction<String, Runnable, AutoCloseable> client(Application application)
            throws ReflectiveOperationException {
        return application.make(BiFunction.class, "outside.Client");
    }

    private String place(Wire wire, TestServer server) throws Exception {
        return switch (wire) {
            case TCP -> "tcp://127.0.0.1:" + server.port();
            case UNIX -> "unix:" + ((UnixDomainSocketAddress) server.address()).getPath();
            case TLS12, TLS13 -> "tls://localhost:" + server.port() + "?ca=" + TestTls.AUTHORITY.topFile(directory);
        };
    }
}
