package example;

import dev.perthread.IdlePolicy;
import dev.perthread.ref.PerThreadRef;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Writes rows into a database over one connection per executor thread, across partitions and jobs. Usage: {@code
 * WriteRows JDBC-URL [ROWS] [TASKS]}.
 */
public final class WriteRows {
    private WriteRows() {}

    /** All rows of a partition, or none: a task that Spark tries again begins anew. */
    private static void write(Connection mine, Iterator<Integer> rows) throws SQLException {
        mine.setAutoCommit(false);
        try (PreparedStatement insert = mine.prepareStatement("insert into squares values (?, ?, session_id())")) {
            while (rows.hasNext()) {
                int number = rows.next();
                insert.setInt(1, number);
                insert.setLong(2, (long) number * number);
                insert.addBatch();
            }
            insert.executeBatch();
            mine.commit();
        } catch (SQLException e) {
            mine.rollback();
            throw e;
        }
    }

    /**
     * Writes squares, and says how many there are then.
     *
     * @param arguments the URL of an H2 database, how many rows, in how many tasks
     * @throws SQLException if the database does not want them
     */
    public static void main(String[] arguments) throws SQLException {
        String url = arguments[0];
        int count = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10_000;
        int tasks = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 200;
        try (Connection here = DriverManager.getConnection(url);
                Statement create = here.createStatement()) {
            create.execute("create table squares (number int primary key, square bigint, session int)");
        }
        SparkConf conf = new SparkConf()
                .setAppName("write")
                .set("spark.plugins", "dev.perthread.spark.PerThreadPlugin"); // closes at the end
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            List<Integer> numbers = IntStream.range(0, count).boxed().toList();
            JavaRDD<Integer> rows = spark.parallelize(numbers, tasks);
            // README begin
            PerThreadRef<Connection, SQLException> database = PerThreadRef.<Connection, SQLException>builder(
                            "database", () -> DriverManager.getConnection(url))
                    .whenIdle(IdlePolicy.KEEP) // the thread's next partition has it again
                    .check(connection -> connection.isValid(1))
                    .build();

            rows.foreachPartition(some -> database.run(mine -> write(mine, some)));
            // README end
        }
        try (Connection here = DriverManager.getConnection(url);
                Statement query = here.createStatement();
                ResultSet rows = query.executeQuery("select count(*), count(distinct session) from squares")) {
            rows.next();
            System.out.println(
                    rows.getInt(1) + " rows in " + tasks + " tasks, over " + rows.getInt(2) + " connections");
        }
    }
}
