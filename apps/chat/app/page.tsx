import { Chat } from "../components/chat.tsx";
import { Release } from "../components/release.tsx";

export default function Page() {
  return (
    <div className="shell">
      <header className="bar">
        <h1>Slipway chat</h1>
        <Release />
      </header>
      <Chat />
    </div>
  );
}
