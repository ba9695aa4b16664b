package dev.perthread.net.soak;

import dev.perthread.testkit.FreePort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.netcrusher.NetCrusherException;
import org.netcrusher.NetFreezer;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.core.throttle.DelayThrottler;
import org.netcrusher.core.throttle.rate.ByteRateThrottler;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/**
 * The faults between client and server: one proxy per kind of fault, and a plan of when it strikes. One proxy that is
 * quick, one that delays, one that is slow, each with a queue for two connections.
 */
final class Faults implements Runnable {

    /** What is done to a proxy. */
    enum Kind {
        RESET_ONE,
        RESET_ALL,
        STALL,
        FULL_BACKLOG,
        REFUSE
    }

    final Map<Kind, AtomicLong> done = new EnumMap<>(Kind.class);
    private final List<TcpCrusher> proxies = new ArrayList<>();
    private final RandomGenerator plan;
    private volatile boolean stopped;

    Faults(int serverPort, RandomGenerator plan) throws IOException {
        this.plan = plan;
        for (Kind kind : Kind.values()) {
            done.put(kind, new AtomicLong());
        }
        NioReactor reactor = new NioReactor();
        proxies.add(proxy(reactor, serverPort).buildAndOpen());
        proxies.add(proxy(reactor, serverPort)
                .withIncomingThrottlerFactory(client -> new DelayThrottler(2, 8, TimeUnit.MILLISECONDS))
                .buildAndOpen());
        proxies.add(proxy(reactor, serverPort)
                .withIncomingThrottlerFactory(client -> new ByteRateThrottler(64_000, 1, TimeUnit.SECONDS))
                .buildAndOpen());
    }

    private static TcpCrusherBuilder proxy(NioReactor reactor, int serverPort) throws IOException {
        int port = FreePort.next();
        return TcpCrusherBuilder.builder()
                .withReactor(reactor)
                .withBacklog(2)
                .withLingerMs(0) // so that closing a pair resets it
                // Small and on the heap: direct buffers of a hundred thousand connections are collected too late.
                .withBufferDirect(false)
                .withBufferSize(2_048)
                .withBindAddress("127.0.0.1", port)
                .withConnectAddress("127.0.0.1", serverPort);
    }

    List<Integer> ports() {
        return proxies.stream().map(proxy -> proxy.getBindAddress().getPort()).toList();
    }

    /** Strikes until stopped; the proxies are well again after each blow. */
    @Override
    public synchronized void run() {
        try {
            while (!stopped) {
                Thread.sleep(plan.nextInt(20, 600));
                TcpCrusher proxy = proxies.get(plan.nextInt(proxies.size()));
                Kind kind = kind(plan.nextInt(100));
                try {
                    strike(proxy, kind);
                    done.get(kind).incrementAndGet();
                } catch (NetCrusherException itsOwnTrouble) {
                    // A pair that came or went in the middle of the blow. The proxy is made well again; the campaign is
                    // not about it.
                    revive(proxy);
                }
            }
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    private static void revive(TcpCrusher proxy) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                if (proxy.isOpen()) {
                    proxy.close();
                }
                proxy.open();
                return;
            } catch (NetCrusherException again) {
                if (attempt == 20) {
                    throw again;
                }
                Thread.sleep(50);
            }
        }
    }

    private static Kind kind(int percent) {
        if (percent < 50) {
            return Kind.RESET_ONE;
        }
        if (percent < 65) {
            return Kind.RESET_ALL;
        }
        if (percent < 80) {
            return Kind.STALL;
        }
        return percent < 90 ? Kind.FULL_BACKLOG : Kind.REFUSE;
    }

    private void strike(TcpCrusher proxy, Kind kind) throws InterruptedException {
        switch (kind) {
            case RESET_ONE -> {
                List<InetSocketAddress> clients = new ArrayList<>(proxy.getClientAddresses());
                if (!clients.isEmpty()) {
                    proxy.closeClient(clients.get(plan.nextInt(clients.size())));
                }
            }
            case RESET_ALL -> proxy.closeAllPairs();
            case STALL -> {
                proxy.freezeAllPairs();
                Thread.sleep(plan.nextInt(50, 900));
                proxy.unfreezeAllPairs();
            }
            case FULL_BACKLOG -> {
                NetFreezer acceptor = proxy.getAcceptorFreezer();
                acceptor.freeze();
                Thread.sleep(plan.nextInt(200, 900));
                acceptor.unfreeze();
            }
            case REFUSE -> {
                proxy.close();
                Thread.sleep(plan.nextInt(50, 600));
                proxy.open();
            }
        }
    }

    /** Returns when the last blow is over. */
    void stop() {
        stopped = true;
        waitForTheLast();
    }

    private synchronized void waitForTheLast() {
        // run() holds the monitor until it has ended
    }
}
