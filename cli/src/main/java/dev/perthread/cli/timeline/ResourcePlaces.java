package dev.perthread.cli.timeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The places of the resources of each pool. Few resources have one each. Of very many, such as those of a pool that opens one
 * for each lease, a later one takes the place of one that is closed: then there are as many places as were ever open at once. The keys of a pool count together: a hundred with ten each are very many.
 */
final class ResourcePlaces {
    private static final int MOST_OF_THEIR_OWN = 100;

    /** When something was first and last known of a resource. */
    private record Extent(int resource, long from, long to) {}

    private ResourcePlaces() {}

    /**
     * The place of each resource.
     *
     * @param pieces in the order of their time
     * @param wholes for each pool itself, or the pool that it is a key of
     */
    static int[] of(List<Piece> pieces, int resources, List<Integer> wholes) {
        long[] from = new long[resources];
        long[] to = new long[resources];
        Arrays.fill(from, Long.MAX_VALUE);
        Map<Integer, List<Integer>> byPool = new HashMap<>();
        Map<Integer, Integer> ofWhole = new HashMap<>();
        for (Piece piece : pieces) {
            int resource = piece.resource();
            if (resource == Timeline.NONE) {
                continue;
            }
            if (from[resource] == Long.MAX_VALUE) {
                from[resource] = piece.from();
                byPool.computeIfAbsent(piece.pool(), unknown -> new ArrayList<>())
                        .add(resource);
                ofWhole.merge(wholes.get(piece.pool()), 1, Integer::sum);
            }
            to[resource] = Math.max(to[resource], piece.to());
        }
        int[] places = new int[resources];
        Arrays.fill(places, Timeline.NONE);
        byPool.forEach((pool, list) -> {
            boolean few = ofWhole.getOrDefault(wholes.get(pool), 0) <= MOST_OF_THEIR_OWN;
            List<Extent> extents = list.stream()
                    .map(resource -> new Extent(resource, from[resource], few ? Long.MAX_VALUE : to[resource]))
                    .toList();
            place(extents, places);
        });
        return places;
    }

    /** Each in the place that has been free for the longest, so that neighbours in time are told apart; else in a new one. */
    private static void place(List<Extent> inOrder, int[] places) {
        PriorityQueue<Extent> open = new PriorityQueue<>(Comparator.comparingLong(Extent::to));
        ArrayDeque<Integer> free = new ArrayDeque<>();
        int used = 0;
        for (Extent extent : inOrder) {
            for (Extent ended = open.peek();
                    ended != null && ended.to() <= extent.from() && ended.to() < Long.MAX_VALUE;
                    ended = open.peek()) {
                free.add(places[open.remove().resource()]);
            }
            places[extent.resource()] = free.isEmpty() ? used++ : free.remove();
            open.add(extent);
        }
    }
}
