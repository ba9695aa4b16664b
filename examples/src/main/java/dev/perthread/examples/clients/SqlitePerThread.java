package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;

/** SQLite with sqlite-jdbc: at most eight connections to one file, in WAL mode. */
final class SqlitePerThread implements AutoCloseable {
    // docs: start
    private final PerThread<Connection, SQLException> connections;

    SqlitePerThread(Path file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL); // readers do not wait for the writer
        config.setBusyTimeout(10_000); // a writer waits for the other one, instead of failing with SQLITE_BUSY
        config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE); // and before it has read anything
        config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        connections = PerThread.<Connection, SQLException>builder(() -> config.createConnection("jdbc:sqlite:" + file))
                .name("sqlite")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .reset(SqlitePerThread::reset)
                .build();
    }

    /** A transaction left open would keep every other writer out. */
    private static void reset(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** Reads and writes in one transaction. If it throws, the connection is closed, which rolls back. */
    long increment(String counter) throws SQLException {
        return connections.call(connection -> {
            connection.setAutoCommit(false);
            try (PreparedStatement upsert = connection.prepareStatement("INSERT INTO counter VALUES (?, 1)"
                    + " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value")) {
                upsert.setString(1, counter);
                long value;
                try (ResultSet result = upsert.executeQuery()) {
                    result.next();
                    value = result.getLong(1);
                }
                connection.commit();
                return value;
            }
        });
    }
    // docs: end

    PerThread<Connection, SQLException> pool() {
        return connections;
    }

    void create() throws SQLException {
        connections.run(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER)");
            }
        });
    }

    @Override
    public void close() {
        connections.close();
    }

    /** Takes a file. */
    public static void main(String[] arguments) throws SQLException {
        try (SqlitePerThread database = new SqlitePerThread(Path.of(arguments[0]))) {
            database.create();
            System.out.println("started " + database.increment("starts") + " times");
        }
    }
}
