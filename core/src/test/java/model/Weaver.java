// Loads the code under test with hooks at everything that another thread could notice, and at everything it reads.
package model;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.LocalVariablesSorter;

/** The explorer's copy of the code. */
final class Weaver extends CopyLoader {
    private static final String HOOKS = "model/Hooks";

    /** JDK and library calls that become a call of {@link Hooks}, with the place as an additional argument. */
    private static final Map<String, String> REPLACED = new HashMap<>();

    /** Classes whose methods hand nothing back but their result. */
    private static final Set<String> ENTERED = Set.of(
            "SlotRegistry",
            "PermitQueue",
            "RegistryNumbers",
            "SlotSurvey",
            "TotalLimit",
            "Turns",
            "RegistryList",
            "SlotIndex",
            "Slot",
            "Waiters",
            "Waiter",
            "Handoff",
            "Retirement",
            "WaitAtLimit",
            "Upkeep",
            "CloserBatch",
            "Counters",
            "Pool",
            "PoolBase",
            "SlowRelease",
            "ReaperRegistration",
            "KeyTable",
            "KeyedPerThread",
            "ResourceCloser",
            "BulkCloser",
            "Failures",
            "Observer",
            "Lease",
            "Messages",
            "LimitMessages");

    /** Objects that get a number, and the field with the thread they belong to. */
    private static final Map<String, String> OWNERS = Map.of("Slot", "thread", "Waiter", "thread", "Lease", "owner");

    /** Objects that get a number and belong to no thread: of each there is one for each life of a key. */
    private static final Set<String> NUMBERED = Set.of("SlotRegistry", "Pool", "KeyTable$Entry");

    static {
        String string = "Ljava/lang/String;";
        REPLACED.put("java/util/concurrent/locks/ReentrantLock.lock()V", "lock(Ljava/lang/Object;" + string + ")V");
        REPLACED.put("java/util/concurrent/locks/ReentrantLock.unlock()V", "unlock(Ljava/lang/Object;" + string + ")V");
        REPLACED.put(
                "java/util/concurrent/locks/Condition.await(JLjava/util/concurrent/TimeUnit;)Z",
                "await(Ljava/lang/Object;JLjava/util/concurrent/TimeUnit;" + string + ")Z");
        REPLACED.put(
                "java/util/concurrent/locks/Condition.signalAll()V", "signalAll(Ljava/lang/Object;" + string + ")V");
        REPLACED.put(
                "java/util/concurrent/locks/LockSupport.parkNanos(Ljava/lang/Object;J)V",
                "park(Ljava/lang/Object;J" + string + ")V");
        REPLACED.put(
                "java/util/concurrent/locks/LockSupport.unpark(Ljava/lang/Thread;)V",
                "unpark(Ljava/lang/Thread;" + string + ")V");
        REPLACED.put("java/lang/Thread.isAlive()Z", "isAlive(Ljava/lang/Thread;" + string + ")Z");
        REPLACED.put("java/lang/Thread.interrupt()V", "interrupt(Ljava/lang/Thread;" + string + ")V");
        REPLACED.put("java/lang/Thread.interrupted()Z", "interrupted(" + string + ")Z");
        REPLACED.put(
                "java/lang/Thread.currentThread()Ljava/lang/Thread;",
                "currentThread(" + string + ")Ljava/lang/Thread;");
        REPLACED.put("java/lang/System.nanoTime()J", "nanoTime(" + string + ")J");
        REPLACED.put(
                "dev/perthread/Reaper.opened(Ldev/perthread/Reaper$Entry;)V",
                "ignore(Ljava/lang/Object;" + string + ")V");
        REPLACED.put(
                "dev/perthread/CloserExecutor.run(Ljava/lang/Object;Ljava/lang/Runnable;)V",
                "aside(Ljava/lang/Object;Ljava/lang/Runnable;" + string + ")V");
        // How long a waiter has waited is anybody's guess.
        REPLACED.put("dev/perthread/Waiter.mustHandOff(J)Z", "mustHandOff(Ljava/lang/Object;J" + string + ")Z");
        // Once a recording was started in this process it stays initialized; here it would be one more actor.
        REPLACED.put("dev/perthread/Jfr.on()Z", "off(" + string + ")Z");
        REPLACED.put(
                "dev/perthread/Log.line(Ljava/lang/System$Logger$Level;Ljava/util/function/Supplier;Ljava/lang/Throwable;)V",
                "log(Ljava/lang/Object;Ljava/lang/Object;Ljava/lang/Object;" + string + ")V");
    }

    /** Volatile, but without a race that matters here. */
    private static final Set<String> QUIET = Set.of(
            "tick",
            "trace",
            "idleSince",
            "checkedAt",
            "warnedAt",
            "awaitsCheck",
            "revokedBy",
            "closerCalled",
            "acquireNanos",
            "idleNanos",
            "ageNanos");

    /** Whoever has the lock reads them undisturbed: they are written under it, or not read there at all. */
    private static final Set<String> GUARDED = Set.of(
            "closed",
            "slowAcquire",
            "mustCheckWaiters",
            "registered",
            "longest",
            "signalled",
            "granted",
            "table",
            "cells");

    /** By name, because who calls them names itself as the owner if it is a table. */
    private static final Set<String> OF_THE_TABLE = Arrays.stream(tableMethods())
            .map(method -> method.getName() + Type.getMethodDescriptor(method))
            .collect(Collectors.toSet());

    /** The store that is not fenced. */
    private static final String RELEASE = "java/lang/invoke/VarHandlesetRelease(Ldev/perthread/Slot;I)V";

    private static Method[] tableMethods() {
        try {
            return Class.forName("dev.perthread.ThreadTable").getDeclaredMethods();
        } catch (ClassNotFoundException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private final boolean tables; // whether the cells of hash tables are looked at one by one

    Weaver(boolean tables) {
        super(ClassReader.EXPAND_FRAMES);
        this.tables = tables;
    }

    @Override
    protected ClassVisitor change(ClassWriter writer, String type) {
        return new Classes(writer, type, tables);
    }

    private static boolean isVolatile(String owner, String field) {
        try {
            for (Class<?> up = Class.forName(owner.replace('/', '.')); up != null; up = up.getSuperclass()) {
                for (Field declared : up.getDeclaredFields()) {
                    if (declared.getName().equals(field)) {
                        return Modifier.isVolatile(declared.getModifiers());
                    }
                }
            }
            throw new AssertionError(owner + "." + field);
        } catch (ClassNotFoundException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static final class Classes extends ClassVisitor {
        private final String type;
        private final boolean tables;

        Classes(ClassVisitor next, String type, boolean tables) {
            super(Opcodes.ASM9, next);
            this.type = type;
            this.tables = tables;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] exceptions) {
            MethodVisitor next = super.visitMethod(access, name, descriptor, signature, exceptions);
            boolean left = type.equals("Log") || (type.equals("ThreadTable") && !tables) || name.equals("<clinit>");
            return left ? next : new Code(access, descriptor, next, type, name);
        }
    }

    private static final class Code extends LocalVariablesSorter {
        private final String type;
        private final boolean constructor;
        private final String at;
        private final boolean enters;
        private final Type result;
        private int entered; // the local variable with the history at the beginning

        Code(int access, String descriptor, MethodVisitor next, String type, String method) {
            super(Opcodes.ASM9, access, descriptor, next);
            this.result = Type.getReturnType(descriptor);
            this.enters = ENTERED.contains(type);
            this.type = type;
            this.constructor = method.equals("<init>");
            this.at = type + "." + method;
        }

        private void hook(String hook, String descriptor) {
            super.visitMethodInsn(Opcodes.INVOKESTATIC, HOOKS, hook, descriptor, false);
        }

        private void stop(String hook, String what) {
            super.visitLdcInsn(at + ": " + what);
            hook(hook, "(Ljava/lang/String;)V");
        }

        private void saw(Type value) {
            switch (value.getSort()) {
                case Type.VOID -> {}
                case Type.LONG -> {
                    super.visitInsn(Opcodes.DUP2);
                    hook("saw", "(J)V");
                }
                case Type.BOOLEAN, Type.INT, Type.SHORT, Type.BYTE, Type.CHAR -> {
                    super.visitInsn(Opcodes.DUP);
                    hook("saw", "(I)V");
                }
                case Type.OBJECT, Type.ARRAY -> {
                    super.visitInsn(Opcodes.DUP);
                    hook("saw", "(Ljava/lang/Object;)V");
                }
                default -> throw new AssertionError("a " + value + " in " + at);
            }
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            String replacement = REPLACED.get(owner + "." + name + descriptor);
            if (replacement != null) {
                super.visitLdcInsn(at + ": " + name);
                int open = replacement.indexOf('(');
                hook(replacement.substring(0, open), replacement.substring(open));
            } else if ((owner + name + descriptor).equals(RELEASE)) {
                super.visitLdcInsn(at + ": " + name);
                hook("release", "(Ljava/lang/invoke/VarHandle;Ljava/lang/Object;ILjava/lang/String;)V");
            } else {
                boolean handle = owner.equals("java/lang/invoke/VarHandle");
                if (handle && !name.endsWith("Opaque")) {
                    stop(name.equals("getAcquire") ? "load" : "fence", name);
                }
                super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
                if (!name.equals("<init>")
                        && (handle || owner.startsWith("java/util/") || OF_THE_TABLE.contains(name + descriptor))) {
                    saw(Type.getReturnType(descriptor));
                }
            }
        }

        @Override
        public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            boolean instance = opcode == Opcodes.GETFIELD || opcode == Opcodes.PUTFIELD;
            if (instance && !constructor && owner.startsWith("dev/perthread/")) {
                if (!QUIET.contains(name) && isVolatile(owner, name)) {
                    super.visitInsn(GUARDED.contains(name) ? Opcodes.ICONST_1 : Opcodes.ICONST_0);
                    super.visitLdcInsn(name);
                    super.visitLdcInsn(at + ": " + name);
                    hook(opcode == Opcodes.GETFIELD ? "get" : "put", "(ZLjava/lang/String;Ljava/lang/String;)V");
                }
                super.visitFieldInsn(opcode, owner, name, descriptor);
                if (opcode == Opcodes.GETFIELD && !Heap.LEFT_OUT.contains(name)) {
                    saw(Type.getType(descriptor));
                }
            } else {
                super.visitFieldInsn(opcode, owner, name, descriptor);
            }
        }

        @Override
        public void visitCode() {
            super.visitCode();
            if (enters && !constructor) {
                entered = newLocal(Type.LONG_TYPE);
                hook("enter", "()J");
                mv.visitVarInsn(Opcodes.LSTORE, entered);
            }
        }

        @Override
        public void visitInsn(int opcode) {
            if (enters && !constructor && opcode >= Opcodes.IRETURN && opcode <= Opcodes.RETURN) {
                mv.visitVarInsn(Opcodes.LLOAD, entered);
                super.visitLdcInsn(at);
                hook("leave", "(JLjava/lang/String;)V");
                saw(result);
            }
            if (opcode == Opcodes.RETURN && constructor && OWNERS.containsKey(type)) {
                super.visitVarInsn(Opcodes.ALOAD, 0);
                super.visitVarInsn(Opcodes.ALOAD, 0);
                super.visitFieldInsn(Opcodes.GETFIELD, "dev/perthread/" + type, OWNERS.get(type), "Ljava/lang/Thread;");
                hook("born", "(Ljava/lang/Object;Ljava/lang/Thread;)V");
            }
            if (opcode == Opcodes.RETURN && constructor && NUMBERED.contains(type)) {
                super.visitVarInsn(Opcodes.ALOAD, 0);
                super.visitInsn(Opcodes.ACONST_NULL);
                hook("born", "(Ljava/lang/Object;Ljava/lang/Thread;)V");
            }
            if (type.equals("ThreadTable") && (opcode == Opcodes.AALOAD || opcode == Opcodes.AASTORE)) {
                stop(opcode == Opcodes.AALOAD ? "cell" : "load", "cell");
            }
            super.visitInsn(opcode);
            if (opcode == Opcodes.AALOAD) {
                saw(Type.getType(Object.class));
            }
        }
    }
}
