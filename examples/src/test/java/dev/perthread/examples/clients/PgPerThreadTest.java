package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PgPerThreadTest {
    private static final String USER = "postgres";

    @TempDir
    static Path directory;

    private final class Server implements TrialServer {
        private final ServerProgram program;

        Server(ServerProgram program) {
            this.program = program;
            awaitReady();
        }

        @Override
        public int port() {
            return program.port();
        }

        @Override
        public void kill() throws Exception {
            program.kill();
        }

        @Override
        public void start() throws IOException {
            program.start();
            awaitReady();
        }

        /** It listens before it has recovered. */
        private void awaitReady() {
            Awaitility.await()
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .ignoreExceptions()
                    .until(() -> {
                        connect(program.port()).close();
                        return true;
                    });
        }

        @Override
        public void close() throws InterruptedException {
            program.close();
        }
    }

    private volatile String password = "first";
    private TrialServer server;
    private PgPerThread ours;

    @BeforeEach
    void start() throws Exception {
        String program = ServerProgram.require("postgres", "postgresql");
        Path data = directory.resolve("data");
        if (!Files.exists(data)) {
            initialize(data);
        }
        List<String> command = asPostgres();
        command.addAll(List.of(program, "-D", data.toString(), "-c", "fsync=off", "-c", "max_connections=120"));
        command.addAll(List.of("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="));
        server = new Server(ServerProgram.start(directory, port -> {
            command.addAll(List.of("-p", "" + port));
            return command;
        }));
        ours = new PgPerThread(url(server.port()), USER, () -> password);
        ours.pool().run(connection -> execute(connection, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int)"));
    }

    private static void initialize(Path data) throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path word = Files.writeString(directory.resolve("password"), "first");
        List<String> command = asPostgres();
        command.addAll(List.of(ServerProgram.require("initdb", "postgresql"), "-D", data.toString(), "--no-sync"));
        command.addAll(List.of("-U", USER, "-A", "scram-sha-256", "--pwfile", word.toString(), "--no-instructions"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("initdb.log").toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(() -> "initdb, see " + directory).isZero();
    }

    /** It refuses to run as root. */
    private static List<String> asPostgres() {
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"));
        }
        return command;
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            ours.close();
            try (Connection connection = connect(server.port())) {
                execute(connection, "ALTER USER postgres PASSWORD 'first'");
            }
            server.close();
        }
    }

    private static String url(int port) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
    }

    private Connection connect(int port) throws SQLException {
        return DriverManager.getConnection(url(port), USER, password);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void pgjdbc_survivesARestartOfTheServer() throws Exception {
        ours.close();
        new Comparison<>(
                        "pgjdbc",
                        server,
                        SQLException.class,
                        () -> connect(server.port()),
                        Connection::close,
                        connection -> execute(connection, "SELECT 1"))
                .threadLocals(100)
                .run(() -> new Way() {
                    private final PgPerThread mine = new PgPerThread(url(server.port()), USER, () -> password);

                    @Override
                    public void use() throws SQLException {
                        mine.ask("SELECT 1");
                    }

                    @Override
                    public void close() {
                        mine.close();
                    }
                });
    }

    @Test
    void program_runs() throws Exception {
        assertThat(Printed.by(PgPerThread::main, url(server.port()), USER, password))
                .isEqualTo("hello postgres\n");
    }

    @EachThreadKind
    void whatABodyLeftBehind_isResetForTheNextThread(ThreadKind kind) throws Exception {
        ours.pool().run(connection -> {
            execute(connection, "SET search_path TO pg_catalog");
            execute(connection, "SET SESSION statement_timeout = 7");
            connection.setAutoCommit(false);
            execute(connection, "INSERT INTO public.t VALUES (1)");
        });
        kind.call(() -> {
            assertThat(ours.ask("SHOW search_path")).isEqualTo("\"$user\", public");
            assertThat(ours.ask("SHOW statement_timeout")).isEqualTo("0");
            assertThat(ours.ask("SELECT count(*) FROM t")).isEqualTo("0");
            return null;
        });
        assertThat(ours.pool().stats().opened()).isEqualTo(1);
    }

    @EachThreadKind
    void transactionsOfManyThreads_areAllOrNothing(ThreadKind kind) throws Exception {
        kind.inParallel(32, i -> assertThat(ours.insert("t", 10)).isEqualTo(10));
        assertThatThrownBy(() -> ours.pool().run(connection -> {
                    connection.setAutoCommit(false);
                    execute(connection, "INSERT INTO t VALUES (1)");
                    execute(connection, "no SQL");
                }))
                .isInstanceOf(SQLException.class);
        assertThat(ours.ask("SELECT count(*) FROM t")).isEqualTo("320");
        assertThat(ours.pool().stats().mostOpen()).isBetween(1, 8);
    }

    /** A connection that is open stays good with the old password; the point is that none is left. */
    @EachThreadKind
    void passwordChangedUnderLoad_replacesEveryConnection_andNoUseFails(ThreadKind kind) throws Exception {
        ours.pool().prewarm(8); // or somebody would log in between the change and the next line, with the old one
        kind.inParallel(16, i -> {
            for (int n = 0; n < 20; n++) {
                if (i == 0 && n == 10) {
                    ours.pool().run(connection -> execute(connection, "ALTER USER postgres PASSWORD 'second'"));
                    password = "second";
                    ours.passwordChanged();
                } else if (i == 0 || !password.equals("first") || n < 10) {
                    assertThat(ours.ask("SELECT 1")).isEqualTo("1");
                }
            }
        });
        assertThat(ours.ask("SELECT 1")).isEqualTo("1");
        assertThat(ours.pool().stats().closedByReason()).containsKey(CloseReason.REFRESHED);
        assertThat(ServerConnections.open(server.port())).isLessThanOrEqualTo(8);
    }
}
