# SPDX-License-Identifier: MIT
# A report's words in Japanese, for README.ja.md.
s/^median of \([0-9]*\); restarts: \([0-9]*\), with aliases \([0-9]*\); one ip a line: \([0-9]*\) of 1000, \([0-9]*\) of \([0-9]*\)/\1 回の中央値 (再起動は \2 回、エイリアスありでは \3 回、1 行ごとの ip は 1000 件で \4 回、\6 件で \5 回)/
s/^| what | multihome | peer | ratio | goal | |/| 項目 | multihome | 比較対象 | 比 | 目標 | |/
s/^| apply \([0-9]*\), beside /| \1 件の適用 : /
s/^| apply 2 x \([0-9]*\) IPADDRn, beside /| IPADDRn 2 x \1 個の適用 : /
s/^| apply \([0-9]*\) uplinks, beside /| アップリンク \1 個の適用 : /
s/^| nothing to do, 2 x \([0-9]*\) IPADDRn, beside 2 x \([0-9]*\)/| 変更なし、IPADDRn 2 x \1 個 : 2 x \2 個/
s/^| hook, \([0-9]*\) uplinks, beside \([0-9]*\)/| フック、アップリンク \1 個 : \2 個/
s/^| hook, \([0-9]*\) routes in main, beside /| フック、main に経路 \1 件 : /
s/^| nothing to do, \([0-9]*\) foreign routes, beside /| 変更なし、他者の経路 \1 件 : /
s/^| nothing to do, \([0-9]*\), beside /| 変更なし、\1 件 : /
s/^| \(sendto\|connect\) from address \([0-9]*\), beside /| \2 番目のアドレスからの \1 : /
s/^| hook of \(.*\), beside true/| \1のフック : true/
s/^| loの/| lo の/
s/^| a bond's slave/| ボンドのスレーブ/
s/^| a NIC that is no uplink/| アップリンクでない NIC /
s/^| hooks in a restart, \(.*\): time/| 再起動に占めるフックの時間、\1/
s/^| memory, each object of \([0-9]*\)/| メモリ、\1 件での 1 件あたり/
s/^| memory, 1/| メモリ、1 件/
s/^| the program, stripped/| プログラム (strip 後)/
s/ : the bare loop/ : メッセージだけの送信/
s/ : the bare dump/ : ダンプだけ/
s/ : two ip -batch/ : ip -batch 2 回/
s/ : one ip a line/ : 1 行ごとの ip/
s/ : without multihome/ : multihome なし/
s/ : any one rule/ : 無関係なルール 1 個/
s/\([0-9]\) uplinks and 254 aliases/アップリンク \1 個とエイリアス 254 個/
s/\([0-9]\) uplinks/アップリンク \1 個/
s/ bytes / バイト /g
s/| not met |/| 未達 |/
s/| met |/| 達成 |/
