// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Spam: logs transfers between any two addresses for whoever asks, and holds no balance for anyone.
contract TokenFake {
    event Transfer(address indexed from, address indexed to, uint256 value);

    string public name;
    string public symbol;
    uint8 public decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        emit Transfer(msg.sender, to, value);
        return true;
    }

    /// A log in the name of `from`, who never asked for it (the shape of address poisoning).
    function emitFor(address from, address to, uint256 value) external {
        emit Transfer(from, to, value);
    }

    function airdrop(address[] calldata to, uint256 value) external {
        for (uint256 i = 0; i < to.length; i++) emit Transfer(address(this), to[i], value);
    }
}
