package dev.perthread.benchmarks;

/**
 * One cell of the contended part: platform threads over fewer resources, with or without work. {@code peer=PER_THREAD
 * threads=64 resources=8 work=0|1 warmup=MILLIS measure=MILLIS out=FILE}; see {@link ContendedRun}.
 */
public final class ContendedBenchmark {
    private ContendedBenchmark() {}

    /** Runs one cell. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(ContendedRun.run(false, arguments));
    }
}
