package dev.perthread.cli.top;

import dev.perthread.IdlePolicy;
import dev.perthread.KeyedPerThread;
import java.util.concurrent.CountDownLatch;

/** A program with a pool for many keys, which it shows to JMX; goes on for ever, unless told to look once. */
final class KeyedProgram {
    private KeyedProgram() {}

    public static void main(String[] args) throws Exception {
        try (KeyedPerThread<String, StringBuilder, RuntimeException> pool =
                KeyedPerThread.<String, StringBuilder, RuntimeException>builder(StringBuilder::new, text -> {})
                        .name("hosts")
                        .whenIdle(IdlePolicy.KEEP)
                        .limitPerKey(4)
                        .build()) {
            pool.registerMXBean();
            pool.run("db1:5432", text -> {});
            pool.run("db2:5432", text -> {});
            System.out.println("ready");
            if (args.length == 0) {
                new CountDownLatch(1).await();
            }
        }
    }
}
