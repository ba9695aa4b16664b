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
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqlitePerThreadTest {
    @TempDir
    Path directory;

    /** The descriptors of files in the directory; on Linux only, elsewhere none. */
    private long open() throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(descriptors)) {
            return all.filter(one -> {
                        try {
                            return Files.readSymbolicLink(one).startsWith(directory.toRealPath());
                        } catch (IOException closedMeanwhile) {
                            return false;
                        }
                    })
                    .count();
        }
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
        assertThat(open()).isZero();
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

    @EachThreadKind
    void threadLocal_leavesEachThreadsConnectionOpen(ThreadKind kind) throws Exception {
        String url = "jdbc:sqlite:" + directory.resolve("obvious");
        ThreadLocalWay<Connection> obvious = new ThreadLocalWay<>(
                () -> DriverManager.getConnection(url), connection -> execute(connection, "PRAGMA user_version = 1"));
        kind.inParallel(1, i -> obvious.use());
        for (int i = 1; i < 8; i++) {
            kind.inParallel(1, thread -> obvious.use());
        }
        obvious.close();
        assertThat(open()).isIn(0L, 8L);
        obvious.closeAll(Connection::close);
        assertThat(open()).isZero();
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
