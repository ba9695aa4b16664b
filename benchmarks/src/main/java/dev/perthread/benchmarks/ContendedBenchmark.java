// 64 platform threads over 8 resources, with and without work. One cell in a JVM of its own; see Contest.
package dev.perthread.benchmarks;

/** {@code peer=PER_THREAD threads=64 resources=8 work=0|1 warmup=MILLIS measure=MILLIS out=FILE}. */
public final class ContendedBenchmark {
    private ContendedBenchmark() {}

    /** Runs one cell. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(Contest.run(false, arguments));
    }
}
