package dev.perthread;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * All classes that a part of the library refers to, its own and the JDK's, loaded by that part's own class loader. The
 * loader of a web application refuses to load anything once the application has been stopped, and logs who asked; the
 * library's threads may then still have work to do. What was loaded before is asked of no loader again.
 */
final class ReferencedClasses {
    private static final Pattern IN_DESCRIPTOR = Pattern.compile("L([^;<>()]+);");

    /** What each class refers to is loaded once. */
    private static final ClassValue<Boolean> LOADED = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> from) {
            new ReferencedClasses(from).load(from);
            return true;
        }
    };

    private final ClassLoader loader;
    private final String own; // the beginning of the names of those whose own references are followed
    private final Set<String> seen = new HashSet<>();
    private final Deque<String> unread = new ArrayDeque<>();

    private ReferencedClasses(Class<?> from) {
        this.loader = from.getClassLoader();
        this.own = from.getPackageName().replace('.', '/') + "/";
    }

    /**
     * Loads what is referred to, directly or not, by the code of an object that the library's threads will call;
     * initializes nothing.
     *
     * @param called of the library; for a lambda, the class that it is in counts
     */
    static void loadFor(Object called) {
        ClassLoader loader = called.getClass().getClassLoader();
        if (loader != null && loader != ClassLoader.getSystemClassLoader()) {
            LOADED.get(called.getClass().getNestHost());
        } // else it is never stopped, and to load on demand is cheaper
    }

    /** The same for what a pool is given, if it is code of another module of the library. What users give is theirs. */
    static void loadForModules(@Nullable Object... given) {
        for (Object code : given) {
            if (code != null && code.getClass().getPackageName().startsWith("dev.perthread.")) {
                loadFor(code);
            }
        }
    }

    private void load(Class<?> from) {
        add(from.getName().replace('.', '/'));
        while (!unread.isEmpty()) {
            read(unread.remove());
        }
    }

    private void add(String name) {
        if (!seen.add(name)) {
            return;
        }
        try {
            Class.forName(name.replace('/', '.'), false, loader);
        } catch (ClassNotFoundException | LinkageError | RuntimeException missing) {
            return; // of a module that is not there, or forbidden: then it is not used either, or fails as it always
            // would
        }
        if (name.startsWith(own)) {
            unread.add(name);
        }
    }

    private void read(String name) {
        try (InputStream file = loader.getResourceAsStream(name + ".class")) {
            if (file != null) {
                readConstants(new DataInputStream(new BufferedInputStream(file)));
            }
        } catch (IOException | RuntimeException unreadable) {
            // Then this one's are loaded when they are needed, as always.
        }
    }

    /** Names of classes are constants by themselves, and are in the descriptors of what is called or linked. */
    private void readConstants(DataInputStream in) throws IOException {
        in.skipNBytes(8); // magic and version
        int count = in.readUnsignedShort();
        @Nullable String[] texts = new @Nullable String[count];
        int[] classes = new int[count];
        for (int i = 1; i < count; i++) {
            int tag = in.readUnsignedByte();
            switch (tag) {
                case 1 -> texts[i] = in.readUTF();
                case 7 -> classes[i] = in.readUnsignedShort();
                case 8, 16, 19, 20 -> in.skipNBytes(2);
                case 15 -> in.skipNBytes(3);
                case 5, 6 -> {
                    in.skipNBytes(8);
                    i++; // takes two places
                }
                default -> in.skipNBytes(4);
            }
        }
        for (int i = 1; i < count; i++) {
            String text = texts[i];
            if (text != null) {
                for (Matcher matcher = IN_DESCRIPTOR.matcher(text); matcher.find(); ) {
                    add(matcher.group(1));
                }
            }
            String named = classes[i] == 0 ? null : texts[classes[i]];
            if (named != null && !named.startsWith("[")) {
                add(named);
            }
        }
    }
}
