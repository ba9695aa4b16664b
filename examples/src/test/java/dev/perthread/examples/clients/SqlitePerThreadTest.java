package dev.perthread.examples.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.CloseReason;
import dev.perthread.examples.Printed;
import dev.perthread.testkit.EachThreadKind;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqlitePerThreadTest {
    @TempDir
    Path directory;

    /** Each open file in the directory, or none where there is no /proc: a connection has the database open once. */
    private Set<String> open(Predicate<Path> which) {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return Set.of();
        }
        try (Stream<Path> all = Files.list(descriptors)) {
            return all.filter(one -> {
                        try {
                            return which.test(Files.readSymbolicLink(one));
                        } catch (IOException closedMeanwhile) {
                            return false;
                        }
                    })
                    .map(Path::toString)
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Set<String> open() {
        return open(file -> file.startsWith(directory));
    }

    @EachThreadKind
    void countersOfVeryManyThreads_areExact_withoutSqliteBusy(ThreadKind kind) throws Exception {
        int threads = kind == ThreadKind.PLATFORM ? 8 : 1000;
        int each = kind == ThreadKind.PLATFORM ? 50 : 1;
        try (SqlitePerThread database = new SqlitePerThread(directory.resolve("ours"))) {
            database.create();
            kind.inParallel(threads, i -> {
                for (int n = 0; n < each; n++) {
                    database.increment("uses");
                }
            });
            assertThat(database.increment("uses")).isEqualTo(1L * threads * each + 1);
            assertThat(database.pool().stats().mostOpen()).isBetween(1, 8);
        }
        assertThat(open()).isEmpty();
    }

    @EachThreadKind
    void transactionLeftOpen_doesNotKeepOthersOut(ThreadKind kind) throws Exception {
        try (SqlitePerThread database = new SqlitePerThread(directory.resolve("left"))) {
            database.create();
            database.pool().run(connection -> {
                connection.setAutoCommit(false);
                execute(connection, "INSERT INTO counter VALUES ('a', 7)");
            });
            assertThat(kind.<Long>call(() -> database.increment("a"))).isEqualTo(1);
            assertThat(database.pool().stats().opened()).isEqualTo(1);

            assertThatThrownBy(() -> database.pool().run(connection -> {
                        connection.setAutoCommit(false);
                        execute(connection, "INSERT INTO counter VALUES ('b', 7)");
                        execute(connection, "no SQL");
                    }))
                    .isInstanceOf(SQLException.class);
            assertThat(kind.<Long>call(() -> database.increment("b"))).isEqualTo(1);
            assertThat(database.pool().stats().closedByReason()).containsOnlyKeys(CloseReason.INVALIDATED);
        }
    }

    /** There is no server to kill. What is killed is a body, in the middle of its transaction. */
    private final class Database implements TrialServer {
        private final Path file;
        private final AtomicBoolean failureIsDue = new AtomicBoolean();
        private final AtomicInteger committed = new AtomicInteger();

        Database(String name) throws SQLException {
            file = directory.resolve(name);
            try (SqlitePerThread database = new SqlitePerThread(file)) {
                database.create();
                database.pool().run(connection -> execute(connection, "INSERT INTO counter VALUES ('uses', 0)"));
            }
        }

        /** As the obvious ways open it. */
        Connection plain() throws SQLException {
            return DriverManager.getConnection(
                    "jdbc:sqlite:" + file + "?journal_mode=WAL&synchronous=NORMAL&busy_timeout=200");
        }

        void use(Connection connection) throws SQLException {
            connection.setAutoCommit(false);
            execute(connection, "UPDATE counter SET value = value + 1");
            if (failureIsDue.getAndSet(false)) {
                throw new SQLException("in the middle");
            }
            connection.commit();
            committed.incrementAndGet();
        }

        int counted() throws SQLException {
            try (Connection connection = plain();
                    Statement statement = connection.createStatement();
                    ResultSet counter = statement.executeQuery("SELECT value FROM counter")) {
                return counter.getInt(1);
            }
        }

        @Override
        public int port() {
            return 0;
        }

        @Override
        public Set<String> clients() {
            return open(file::equals);
        }

        @Override
        public void kill() {
            failureIsDue.set(true);
        }

        @Override
        public void start() {
            Awaitility.await()
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> !failureIsDue.get());
        }

        @Override
        public void close() {}
    }

    @Test
    void connections_surviveABodyThatFailsInATransaction() throws Exception {
        Database database = new Database("trial");
        new Comparison<>("sqlite-jdbc", database, SQLException.class, database::plain, Connection::close, database::use)
                .threadLocals(100)
                .run(() -> new Way() {
                    private final SqlitePerThread mine = new SqlitePerThread(database.file);
                    private final int wrongBefore = database.counted() - database.committed.get();

                    @Override
                    public void use() throws SQLException {
                        mine.pool().run(database::use);
                    }

                    @Override
                    public void close() throws SQLException {
                        mine.close();
                        assertThat(database.counted() - database.committed.get())
                                .isEqualTo(wrongBefore);
                    }
                });
    }

    /** With a PerThread the failed half is rolled back, as the connection is closed. */
    @Test
    void obviousWays_commitLaterWhatAFailedBodyWrote() throws Exception {
        Database database = new Database("late");
        ThreadLocalWay<Connection> threadLocal = new ThreadLocalWay<>(database::plain, database::use);
        CommonsPoolWay<Connection> pool = new CommonsPoolWay<>(database::plain, Connection::close, database::use);
        int failed = 0;
        for (Way way : List.of(threadLocal, pool)) {
            database.kill();
            assertThatThrownBy(way::use).hasMessage("in the middle");
            way.use();
            way.close();
            assertThat(database.counted()).isEqualTo(database.committed.get() + ++failed);
        }
        threadLocal.closeAll(Connection::close);
        assertThat(open()).isEmpty();
    }

    @Test
    void program_runs() throws Exception {
        String file = directory.resolve("program").toString();
        assertThat(Printed.by(SqlitePerThread::main, file)).isEqualTo("started 1 times\n");
        assertThat(Printed.by(SqlitePerThread::main, file)).isEqualTo("started 2 times\n");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
