// One JDBC connection per thread, of a driver whose connections must not be shared: four of them for any number of
// threads.
package dev.perthread.examples;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** Who has a pool for JDBC should stay with it; this is for a library that must bring along nothing. */
final class Accounts implements AutoCloseable {
    private final PerThread<Connection, SQLException> connections;

    Accounts(String url) {
        this.connections = PerThread.<Connection, SQLException>builder(() -> DriverManager.getConnection(url))
                .name("accounts")
                .whenIdle(IdlePolicy.LEND)
                .limit(4)
                .acquireTimeout(Duration.ofSeconds(10))
                .check(connection -> connection.isValid(1)) // before each use; one that is not is replaced
                .build();
    }

    void create(int accounts, long money) throws SQLException {
        connections.run(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("create table account (id int primary key, money bigint check (money >= 0))");
                for (int id = 0; id < accounts; id++) {
                    statement.execute("insert into account values (" + id + ", " + money + ")");
                }
            }
        });
    }

    /** Both or none. A connection whose transaction cannot even be taken back is not handed out again. */
    void move(int from, int to, long money) throws SQLException {
        connections.run(connection -> {
            connection.setAutoCommit(false);
            try {
                add(connection, Math.min(from, to), from < to ? -money : money); // always in this order: no deadlock
                add(connection, Math.max(from, to), from < to ? money : -money);
                connection.commit();
            } catch (SQLException failure) {
                connection.rollback();
                throw failure;
            } finally {
                connection.setAutoCommit(true);
            }
        });
    }

    private static void add(Connection connection, int id, long money) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update account set money = money + ? where id = ?")) {
            update.setLong(1, money);
            update.setInt(2, id);
            update.executeUpdate();
        }
    }

    long sum() throws SQLException {
        return connections.call(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet sum = statement.executeQuery("select sum(money) from account")) {
                sum.next();
                return sum.getLong(1);
            }
        });
    }

    long opened() {
        return connections.stats().opened();
    }

    @Override
    public void close() {
        connections.close();
    }

    /** Takes the URL of a database, or uses one in memory. */
    public static void main(String[] arguments) throws Exception {
        String url = arguments.length > 0 ? arguments[0] : "jdbc:h2:mem:accounts;DB_CLOSE_DELAY=-1";
        try (Accounts accounts = new Accounts(url)) {
            accounts.create(10, 1_000);
            for (int i = 0; i < 100; i++) {
                accounts.move(i % 10, (i + 3) % 10, i);
            }
            System.out.println("the sum is still " + accounts.sum());
        }
    }
}
