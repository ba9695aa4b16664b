package dev.perthread.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A Spark cluster on this machine whose executors are processes of their own: two workers, each with an executor of
 * one core. The executors have the class path of the test.
 */
final class Cluster implements AutoCloseable {
    final JavaSparkContext spark;

    private Cluster(JavaSparkContext spark) {
        this.spark = spark;
    }

    static Cluster start(String name, Map<String, String> options) throws IOException {
        Path home = Path.of(System.getenv("SPARK_HOME"));
        Files.createDirectories(home.resolve("jars"));
        SparkConf conf = new SparkConf(false)
                .setAppName(name)
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.executor.memory", "512m")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.ui.enabled", "false")
                // A machine that stands still for a while, as busy ones do, is not a dead executor.
                .set("spark.network.timeout", "600s")
                .set("spark.worker.timeout", "600")
                .set("spark.local.dir", home.resolve("local").toString())
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .set("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
                .set("spark.plugins", PerThreadPlugin.class.getName());
        options.forEach(conf::set);
        return new Cluster(new JavaSparkContext(conf));
    }

    /** As many numbers as tasks. */
    JavaRDD<Integer> tasks(int tasks) {
        List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
        return spark.parallelize(numbers, tasks);
    }

    @Override
    public void close() {
        spark.close();
    }
}
