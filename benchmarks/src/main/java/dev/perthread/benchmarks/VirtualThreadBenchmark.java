// Thousands of virtual threads over 64 resources. One cell in a JVM of its own, Java 21 or later; see Contest.
package dev.perthread.benchmarks;

/** {@code peer=PER_THREAD threads=1000 resources=64 work=1 warmup=MILLIS measure=MILLIS out=FILE}. */
public final class VirtualThreadBenchmark {
    private VirtualThreadBenchmark() {}

    /** Runs one cell. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(Contest.run(true, arguments));
    }
}
