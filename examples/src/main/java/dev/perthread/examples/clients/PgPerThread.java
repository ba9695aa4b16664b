package dev.perthread.examples.clients;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.function.Supplier;

/** PostgreSQL with pgjdbc: at most eight connections for any number of threads, and a password that changes. */
final class PgPerThread implements AutoCloseable {
    // docs: start
    private final PerThread<Connection, SQLException> connections;

    PgPerThread(String url, String user, Supplier<String> password) {
        connections = PerThread.<Connection, SQLException>builder(() -> open(url, user, password.get()))
                .name("postgresql")
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .check(connection -> connection.isValid(1))
                .checkAfterIdle(Duration.ofMillis(100))
                .reset(PgPerThread::reset)
                .build();
    }

    private static Connection open(String url, String user, String password) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("connectTimeout", "2"); // seconds
        properties.setProperty("socketTimeout", "10");
        return DriverManager.getConnection(url, properties);
    }

    /** An open transaction is rolled back; settings such as the search_path and the role get their defaults again. */
    private static void reset(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            connection.rollback();
            connection.setAutoCommit(true);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("RESET ALL");
        }
    }

    /** If this throws, the connection is closed, and the server rolls back. */
    int insert(String table, int rows) throws SQLException {
        return connections.call(connection -> {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                int inserted = statement.executeUpdate(
                        "INSERT INTO " + table + " SELECT * FROM generate_series(1, " + rows + ")");
                connection.commit();
                return inserted;
            }
        });
    }

    /** After the password was changed: no connection that was opened with the old one is used again. */
    void passwordChanged() {
        connections.refresh();
    }
    // docs: end

    PerThread<Connection, SQLException> pool() {
        return connections;
    }

    String ask(String question) throws SQLException {
        return connections.call(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet answer = statement.executeQuery(question)) {
                answer.next();
                return answer.getString(1);
            }
        });
    }

    @Override
    public void close() {
        connections.close();
    }

    /** Takes a JDBC URL, a user and a password. */
    public static void main(String[] arguments) throws SQLException {
        try (PgPerThread server = new PgPerThread(arguments[0], arguments[1], () -> arguments[2])) {
            System.out.println("hello " + server.ask("SELECT current_user"));
        }
    }
}
