package dev.perthread.benchmarks;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The values of one figure, one per fork. A fork's value is the median of its iterations. The forks of all peers take
 * turns, so the values of one round were measured close together, and ratios are taken within a round.
 */
final class Sample {
    /** Two-sided 95 %, by degrees of freedom from 1 on; beyond, 1.96. */
    private static final double[] STUDENT = {
        12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10,
        2.09, 2.09
    };

    private final SortedMap<Integer, Double> byRound = new TreeMap<>();

    void add(int round, double value) {
        byRound.put(round, value);
    }

    int forks() {
        return byRound.size();
    }

    double median() {
        return median(values());
    }

    double min() {
        return values()[0];
    }

    double max() {
        double[] sorted = values();
        return sorted[sorted.length - 1];
    }

    double mean() {
        return Arrays.stream(values()).average().orElse(Double.NaN);
    }

    /** Half of the 95 % interval of the mean over the forks; not a number for a single fork. */
    double error() {
        int n = forks();
        if (n < 2) {
            return Double.NaN;
        }
        double mean = mean();
        double squares =
                Arrays.stream(values()).map(v -> (v - mean) * (v - mean)).sum();
        double student = n - 2 < STUDENT.length ? STUDENT[n - 2] : 1.96;
        return student * Math.sqrt(squares / (n - 1) / n);
    }

    /** This divided by the other, round by round; null where they have no round in common. */
    Sample dividedBy(Sample other) {
        Sample ratio = new Sample();
        byRound.forEach((round, value) -> {
            Double beside = other.byRound.get(round);
            if (beside != null && beside != 0) {
                ratio.add(round, value / beside);
            }
        });
        return ratio.forks() == 0 ? null : ratio;
    }

    private double[] values() {
        double[] sorted =
                byRound.values().stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
